// A ggml device for products of BF16 weights on processors with AVX2 but without AVX-512. ggml converts weights and inputs to
// F32 again and again there; here both are converted once per product. The order of summation is ggml's (`tinyBLAS` in
// ggml-cpu/llamafile/sgemm.cpp), so the values are the same, bit for bit.
#pragma once

#include <algorithm>
#include <vector>

#include "ggml-backend-impl.h"
#include "ggml-impl.h"
#include "parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bf16_products {

inline size_t & threads() {
    static size_t count = 1;
    return count;
}

#if defined(__x86_64__)
#define BF16_PRODUCTS_TARGET __attribute__((target("avx2,fma")))

constexpr size_t block_rows = 4, block_columns = 3, lanes = 8;

/// Adds the lanes of a sum in ggml's order.
BF16_PRODUCTS_TARGET inline float add_lanes(__m256 x) {
    __m128 half = _mm_add_ps(_mm256_extractf128_ps(x, 1), _mm256_castps256_ps128(x));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

/// out[column][row] of four weight rows and up to three columns of the input, all of `depth` values.
template <size_t columns>
BF16_PRODUCTS_TARGET void multiply_block(size_t depth, const float * weights, const float * input, float * out, size_t out_stride) {
    // Loops over sums are unrolled to keep the sums in registers.
    __m256 sums[columns][block_rows];
#pragma GCC unroll 3
    for (size_t c = 0; c < columns; c++) {
#pragma GCC unroll 4
        for (size_t r = 0; r < block_rows; r++) sums[c][r] = _mm256_setzero_ps();
    }
    for (size_t k = 0; k < depth; k += lanes) {
        __m256 x[columns];
#pragma GCC unroll 3
        for (size_t c = 0; c < columns; c++) x[c] = _mm256_loadu_ps(input + c * depth + k);
#pragma GCC unroll 4
        for (size_t r = 0; r < block_rows; r++) {
            const __m256 w = _mm256_loadu_ps(weights + r * depth + k);
#pragma GCC unroll 3
            for (size_t c = 0; c < columns; c++) sums[c][r] = _mm256_fmadd_ps(w, x[c], sums[c][r]);
        }
    }
#pragma GCC unroll 3
    for (size_t c = 0; c < columns; c++) {
#pragma GCC unroll 4
        for (size_t r = 0; r < block_rows; r++) out[c * out_stride + r] = add_lanes(sums[c][r]);
    }
}

/// The number of rows of `depth` values that fit into a share of the second-level cache, a multiple of `step`.
inline size_t rows_in_cache(size_t depth, size_t step) {
    constexpr size_t bytes = 192 << 10;
    return std::max(step, bytes / (depth * sizeof(float)) / step * step);
}

inline void multiply(const ggml_tensor * product) {
    const ggml_tensor * weights = product->src[0], * input = product->src[1];
    const size_t depth = input->ne[0], columns = input->ne[1], rows = weights->ne[1];
    std::vector<float> values(depth * columns);
    parallel(threads(), columns, [&](size_t c, size_t) {
        const float * x = (const float *) ((const char *) input->data + c * input->nb[1]);
        for (size_t k = 0; k < depth; k++) values[c * depth + k] = GGML_BF16_TO_FP32(GGML_FP32_TO_BF16(x[k]));
    });
    const size_t piece_rows = rows_in_cache(depth, block_rows), piece_columns = rows_in_cache(depth, block_columns);
    const size_t out_stride = product->nb[1] / sizeof(float);
    parallel(threads(), (rows + piece_rows - 1) / piece_rows, [&](size_t piece, size_t) {
        const size_t first = piece * piece_rows, count = std::min(piece_rows, rows - first);
        std::vector<float> part(count * depth);
        ggml_bf16_to_fp32_row((const ggml_bf16_t *) weights->data + first * depth, part.data(), part.size());
        for (size_t start = 0; start < columns; start += piece_columns) {
            const size_t end = std::min(columns, start + piece_columns);
            for (size_t r = 0; r < count; r += block_rows) {
                const float * w = part.data() + r * depth;
                for (size_t c = start; c < end; c += block_columns) {
                    const float * x = values.data() + c * depth;
                    float * out = (float *) product->data + c * out_stride + first + r;
                    if (end - c >= 3) multiply_block<3>(depth, w, x, out, out_stride);
                    else if (end - c == 2) multiply_block<2>(depth, w, x, out, out_stride);
                    else multiply_block<1>(depth, w, x, out, out_stride);
                }
            }
        }
    });
}

/// True for the products that ggml computes in this order.
inline bool supports(const ggml_tensor * op) {
    if (op->op != GGML_OP_MUL_MAT) return false;
    const ggml_tensor * weights = op->src[0], * input = op->src[1];
    return weights->type == GGML_TYPE_BF16 && input->type == GGML_TYPE_F32 && ggml_is_contiguous(weights) && ggml_is_contiguous(input) &&
        ggml_is_matrix(weights) && ggml_is_matrix(input) && input->ne[1] >= 32 && weights->ne[0] % lanes == 0 && weights->ne[1] % block_rows == 0;
}

/// True if ggml has no faster instructions.
inline bool is_faster() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && !__builtin_cpu_supports("avx512f"); }
#else
inline void multiply(const ggml_tensor *) {}
inline bool supports(const ggml_tensor *) { return false; }
inline bool is_faster() { return false; }
#endif

inline const char * name() { return "BF16"; }

inline ggml_status compute(ggml_backend_t, ggml_cgraph * graph) {
    for (int i = 0; i < graph->n_nodes; i++) {
        const ggml_tensor * node = graph->nodes[i];
        if (node->op == GGML_OP_MUL_MAT && (node->flags & GGML_TENSOR_FLAG_COMPUTE) != 0) multiply(node);
    }
    return GGML_STATUS_SUCCESS;
}

inline ggml_backend_t init_backend(ggml_backend_dev_t device, const char *) {
    static ggml_guid guid = {0x62, 0x66, 0x31, 0x36, 0x70, 0x72, 0x6f, 0x64, 0x75, 0x63, 0x74, 0x73, 0x51, 0x53, 0x00, 0x01};
    ggml_backend_i backend = {};
    backend.get_name = [](ggml_backend_t) { return name(); };
    backend.free = [](ggml_backend_t self) { delete self; };
    backend.graph_compute = compute;
    return new ggml_backend{&guid, backend, device, nullptr};
}

inline ggml_backend_dev_t device(ggml_backend_reg_t reg) {
    static ggml_backend_device instance = [reg] {
        ggml_backend_device_i device = {};
        device.get_name = [](ggml_backend_dev_t) { return name(); };
        device.get_description = [](ggml_backend_dev_t) { return "products of BF16 weights"; };
        device.get_memory = [](ggml_backend_dev_t, size_t * free, size_t * total) { *free = *total = 0; };
        device.get_type = [](ggml_backend_dev_t) { return GGML_BACKEND_DEVICE_TYPE_ACCEL; };
        device.get_props = [](ggml_backend_dev_t, ggml_backend_dev_props * props) {
            *props = {};
            props->name = props->description = name();
            props->type = GGML_BACKEND_DEVICE_TYPE_ACCEL;
        };
        device.init_backend = init_backend;
        device.get_buffer_type = [](ggml_backend_dev_t) { return ggml_backend_cpu_buffer_type(); };
        device.supports_op = [](ggml_backend_dev_t, const ggml_tensor * op) { return supports(op); };
        device.supports_buft = [](ggml_backend_dev_t, ggml_backend_buffer_type_t type) { return ggml_backend_buft_is_host(type); };
        return ggml_backend_device{device, reg, nullptr};
    }();
    return &instance;
}

/// Registers the device, which llama.cpp then uses beside the CPU.
inline void use(size_t thread_count) {
    threads() = thread_count;
    if (!is_faster()) return;
    static ggml_backend_reg instance = [] {
        ggml_backend_reg_i reg = {};
        reg.get_name = [](ggml_backend_reg_t) { return name(); };
        reg.get_device_count = [](ggml_backend_reg_t) { return (size_t) 1; };
        reg.get_device = [](ggml_backend_reg_t self, size_t) { return device(self); };
        return ggml_backend_reg{GGML_BACKEND_API_VERSION, reg, nullptr};
    }();
    ggml_backend_register(&instance);
}

}  // namespace bf16_products
