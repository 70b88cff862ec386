// ggml's block types with values scale x level + offset on one grid, so that the code of each column can be chosen
// independently. Layouts: ggml-common.h of the pinned llama.cpp.
#pragma once

#include <cstdint>
#include <cstring>

#include "ggml.h"

/// value = step x level + offset, with step = d x scale and offset = -m x minimum of its group.
struct Grid {
    ggml_type type;
    /// Columns of a group (common scale and minimum) and of a span (common d and m).
    int group, span;
    /// level = code - bias, codes below `codes`; for an uneven grid, the level is a table entry.
    int bias, codes;
    bool even, offsets;
    /// Integer scales and minima; equal for types without scales per group.
    int scale_low, scale_high, minimum_high;
};

constexpr int8_t uneven_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

constexpr Grid grids[] = {
    {GGML_TYPE_Q4_0, 32, 32, 8, 16, true, false, 1, 1, 0},
    {GGML_TYPE_Q4_1, 32, 32, 0, 16, true, true, 1, 1, 0},
    {GGML_TYPE_Q5_0, 32, 32, 16, 32, true, false, 1, 1, 0},
    {GGML_TYPE_Q5_1, 32, 32, 0, 32, true, true, 1, 1, 0},
    // ggml never writes -128.
    {GGML_TYPE_Q8_0, 32, 32, 127, 255, true, false, 1, 1, 0},
    {GGML_TYPE_IQ4_NL, 32, 32, 0, 16, false, false, 1, 1, 0},
    {GGML_TYPE_IQ4_XS, 32, 256, 0, 16, false, false, -32, 31, 0},
    {GGML_TYPE_Q2_K, 16, 256, 0, 4, true, true, 0, 15, 15},
    {GGML_TYPE_Q3_K, 16, 256, 4, 8, true, false, -32, 31, 0},
    {GGML_TYPE_Q4_K, 32, 256, 0, 16, true, true, 0, 63, 63},
    {GGML_TYPE_Q5_K, 32, 256, 0, 32, true, true, 0, 63, 63},
    {GGML_TYPE_Q6_K, 16, 256, 32, 64, true, false, -128, 127, 0},
};

inline const Grid * find_grid(ggml_type type) {
    for (const Grid & grid : grids) {
        if (grid.type == type) return &grid;
    }
    return nullptr;
}

/// One row's block of up to 256 columns, unpacked.
struct Codes {
    float d[8], m[8];
    int scale[16], minimum[16];
    uint8_t code[256];
};

namespace packing {

inline float read_half(const uint8_t * at) {
    ggml_fp16_t half;
    std::memcpy(&half, at, sizeof half);
    return ggml_fp16_to_fp32(half);
}

inline void write_half(uint8_t * at, float value) {
    const ggml_fp16_t half = ggml_fp32_to_fp16(value);
    std::memcpy(at, &half, sizeof half);
}

/// 32 codes of 4 bits: the low halves of 16 bytes, then the high ones.
inline void unpack_nibbles(const uint8_t * from, uint8_t * code) {
    for (int i = 0; i < 16; i++) code[i] = from[i] & 15, code[i + 16] = from[i] >> 4;
}

inline void pack_nibbles(const uint8_t * code, uint8_t * to) {
    for (int i = 0; i < 16; i++) to[i] = (code[i] & 15) | (code[i + 16] & 15) << 4;
}

/// Bytes of d, m (if present) and fifth bits before the nibbles of a 32-block.
inline void unpack_32(const Grid & grid, const uint8_t * block, Codes & c, int b) {
    c.d[b] = read_half(block);
    block += 2;
    // Here the offset is m, a minimum of -1.
    c.scale[b] = 1, c.minimum[b] = -1, c.m[b] = 0;
    if (grid.offsets) c.m[b] = read_half(block), block += 2;
    uint8_t * code = c.code + 32 * b;
    if (grid.type == GGML_TYPE_Q8_0) {
        for (int i = 0; i < 32; i++) code[i] = (uint8_t) (*(const int8_t *) (block + i) + grid.bias);
        return;
    }
    uint32_t fifth = 0;
    if (grid.codes == 32) std::memcpy(&fifth, block, 4), block += 4;
    unpack_nibbles(block, code);
    for (int i = 0; i < 32; i++) code[i] |= (fifth >> i & 1) << 4;
}

inline void pack_32(const Grid & grid, const Codes & c, int b, uint8_t * block) {
    write_half(block, c.d[b]);
    block += 2;
    if (grid.offsets) write_half(block, c.m[b]), block += 2;
    const uint8_t * code = c.code + 32 * b;
    if (grid.type == GGML_TYPE_Q8_0) {
        for (int i = 0; i < 32; i++) block[i] = (uint8_t) (int8_t) (code[i] - grid.bias);
        return;
    }
    if (grid.codes == 32) {
        uint32_t fifth = 0;
        for (int i = 0; i < 32; i++) fifth |= (uint32_t) (code[i] >> 4) << i;
        std::memcpy(block, &fifth, 4);
        block += 4;
    }
    pack_nibbles(code, block);
}

inline void unpack_iq4_xs(const uint8_t * block, Codes & c) {
    c.d[0] = read_half(block);
    const int high = block[2] | block[3] << 8;
    for (int g = 0; g < 8; g++) {
        c.scale[g] = ((block[4 + g / 2] >> 4 * (g % 2) & 15) | (high >> 2 * g & 3) << 4) - 32;
        unpack_nibbles(block + 8 + 16 * g, c.code + 32 * g);
    }
}

inline void pack_iq4_xs(const Codes & c, uint8_t * block) {
    write_half(block, c.d[0]);
    int high = 0;
    std::memset(block + 4, 0, 4);
    for (int g = 0; g < 8; g++) {
        const int scale = c.scale[g] + 32;
        block[4 + g / 2] |= (scale & 15) << 4 * (g % 2);
        high |= (scale >> 4) << 2 * g;
        pack_nibbles(c.code + 32 * g, block + 8 + 16 * g);
    }
    block[2] = high & 255, block[3] = high >> 8;
}

/// The low two bits of 256 codes, four codes a byte: 64 bytes, used by Q2_K and Q3_K.
inline void unpack_pairs(const uint8_t * from, uint8_t * code) {
    for (int i = 0; i < 256; i++) code[i] = from[i / 128 * 32 + i % 32] >> 2 * (i % 128 / 32) & 3;
}

inline void pack_pairs(const uint8_t * code, uint8_t * to) {
    std::memset(to, 0, 64);
    for (int i = 0; i < 256; i++) to[i / 128 * 32 + i % 32] |= (code[i] & 3) << 2 * (i % 128 / 32);
}

inline void unpack_q2_k(const uint8_t * block, Codes & c) {
    for (int g = 0; g < 16; g++) c.scale[g] = block[g] & 15, c.minimum[g] = block[g] >> 4;
    unpack_pairs(block + 16, c.code);
    c.d[0] = read_half(block + 80), c.m[0] = read_half(block + 82);
}

inline void pack_q2_k(const Codes & c, uint8_t * block) {
    for (int g = 0; g < 16; g++) block[g] = c.scale[g] | c.minimum[g] << 4;
    pack_pairs(c.code, block + 16);
    write_half(block + 80, c.d[0]), write_half(block + 82, c.m[0]);
}

inline void unpack_q3_k(const uint8_t * block, Codes & c) {
    unpack_pairs(block + 32, c.code);
    for (int i = 0; i < 256; i++) c.code[i] |= (block[i % 32] >> i / 32 & 1) << 2;
    const uint8_t * scales = block + 96;
    for (int g = 0; g < 16; g++) {
        const int low = g < 8 ? scales[g] & 15 : scales[g - 8] >> 4;
        c.scale[g] = (low | (scales[8 + g % 4] >> 2 * (g / 4) & 3) << 4) - 32;
    }
    c.d[0] = read_half(block + 108);
}

inline void pack_q3_k(const Codes & c, uint8_t * block) {
    std::memset(block, 0, 108);
    pack_pairs(c.code, block + 32);
    for (int i = 0; i < 256; i++) block[i % 32] |= (c.code[i] >> 2) << i / 32;
    uint8_t * scales = block + 96;
    for (int g = 0; g < 16; g++) {
        const int scale = c.scale[g] + 32;
        scales[g % 8] |= (scale & 15) << (g < 8 ? 0 : 4);
        scales[8 + g % 4] |= (scale >> 4) << 2 * (g / 4);
    }
    write_half(block + 108, c.d[0]);
}

/// d, m and the 6-bit scales and minima at the start of Q4_K and Q5_K: 16 bytes.
inline void unpack_k_scales(const uint8_t * block, Codes & c) {
    c.d[0] = read_half(block), c.m[0] = read_half(block + 2);
    const uint8_t * s = block + 4;
    for (int g = 0; g < 8; g++) {
        c.scale[g] = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | (s[g - 4] >> 6) << 4;
        c.minimum[g] = g < 4 ? s[g + 4] & 63 : s[g + 4] >> 4 | (s[g] >> 6) << 4;
    }
}

inline void pack_k_scales(const Codes & c, uint8_t * block) {
    write_half(block, c.d[0]), write_half(block + 2, c.m[0]);
    uint8_t * s = block + 4;
    for (int g = 0; g < 4; g++) {
        s[g] = c.scale[g] | (c.scale[g + 4] >> 4) << 6;
        s[g + 4] = c.minimum[g] | (c.minimum[g + 4] >> 4) << 6;
        s[g + 8] = (c.scale[g + 4] & 15) | (c.minimum[g + 4] & 15) << 4;
    }
}

/// Nibbles of 64 columns fill 32 bytes, the first 32 columns in the low halves.
inline void unpack_k_nibbles(const uint8_t * from, uint8_t * code) {
    for (int i = 0; i < 256; i++) code[i] = from[i / 64 * 32 + i % 32] >> 4 * (i % 64 / 32) & 15;
}

inline void pack_k_nibbles(const uint8_t * code, uint8_t * to) {
    std::memset(to, 0, 128);
    for (int i = 0; i < 256; i++) to[i / 64 * 32 + i % 32] |= (code[i] & 15) << 4 * (i % 64 / 32);
}

inline void unpack_q4_k(const uint8_t * block, Codes & c) {
    unpack_k_scales(block, c);
    unpack_k_nibbles(block + 16, c.code);
}

inline void pack_q4_k(const Codes & c, uint8_t * block) {
    pack_k_scales(c, block);
    pack_k_nibbles(c.code, block + 16);
}

inline void unpack_q5_k(const uint8_t * block, Codes & c) {
    unpack_k_scales(block, c);
    unpack_k_nibbles(block + 48, c.code);
    for (int i = 0; i < 256; i++) c.code[i] |= (block[16 + i % 32] >> i / 32 & 1) << 4;
}

inline void pack_q5_k(const Codes & c, uint8_t * block) {
    pack_k_scales(c, block);
    pack_k_nibbles(c.code, block + 48);
    std::memset(block + 16, 0, 32);
    for (int i = 0; i < 256; i++) block[16 + i % 32] |= (c.code[i] >> 4) << i / 32;
}

inline void unpack_q6_k(const uint8_t * block, Codes & c) {
    for (int i = 0; i < 256; i++) {
        const int half = i / 128, part = i % 128 / 32, at = i % 32;
        const int low = block[64 * half + 32 * (part % 2) + at] >> 4 * (part / 2) & 15;
        c.code[i] = low | (block[128 + 32 * half + at] >> 2 * part & 3) << 4;
    }
    for (int g = 0; g < 16; g++) c.scale[g] = (int8_t) block[192 + g];
    c.d[0] = read_half(block + 208);
}

inline void pack_q6_k(const Codes & c, uint8_t * block) {
    std::memset(block, 0, 192);
    for (int i = 0; i < 256; i++) {
        const int half = i / 128, part = i % 128 / 32, at = i % 32;
        block[64 * half + 32 * (part % 2) + at] |= (c.code[i] & 15) << 4 * (part / 2);
        block[128 + 32 * half + at] |= (c.code[i] >> 4) << 2 * part;
    }
    for (int g = 0; g < 16; g++) block[192 + g] = (uint8_t) (int8_t) c.scale[g];
    write_half(block + 208, c.d[0]);
}

}  // namespace packing

inline void unpack_block(const Grid & grid, const uint8_t * block, int columns, Codes & c) {
    c.m[0] = 0;
    std::memset(c.minimum, 0, sizeof c.minimum);
    switch (grid.type) {
        case GGML_TYPE_IQ4_XS: return packing::unpack_iq4_xs(block, c);
        case GGML_TYPE_Q2_K: return packing::unpack_q2_k(block, c);
        case GGML_TYPE_Q3_K: return packing::unpack_q3_k(block, c);
        case GGML_TYPE_Q4_K: return packing::unpack_q4_k(block, c);
        case GGML_TYPE_Q5_K: return packing::unpack_q5_k(block, c);
        case GGML_TYPE_Q6_K: return packing::unpack_q6_k(block, c);
        default: break;
    }
    const size_t bytes = ggml_type_size(grid.type);
    for (int b = 0; b < columns / 32; b++) packing::unpack_32(grid, block + b * bytes, c, b);
}

inline void pack_block(const Grid & grid, const Codes & c, int columns, uint8_t * block) {
    switch (grid.type) {
        case GGML_TYPE_IQ4_XS: return packing::pack_iq4_xs(c, block);
        case GGML_TYPE_Q2_K: return packing::pack_q2_k(c, block);
        case GGML_TYPE_Q3_K: return packing::pack_q3_k(c, block);
        case GGML_TYPE_Q4_K: return packing::pack_q4_k(c, block);
        case GGML_TYPE_Q5_K: return packing::pack_q5_k(c, block);
        case GGML_TYPE_Q6_K: return packing::pack_q6_k(c, block);
        default: break;
    }
    const size_t bytes = ggml_type_size(grid.type);
    for (int b = 0; b < columns / 32; b++) packing::pack_32(grid, c, b, block + b * bytes);
}
