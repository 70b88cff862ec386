// Converts sixteen rows of one block of columns between ggml's bytes and the vectors of the kernels.
#pragma once

#include <cmath>

#include "kernels.h"

/// Copies the rows' scales to the vectors.
inline void spread_scales(const Grid & grid, Tile & tile) {
    for (int g = 0; g < tile.columns / grid.group; g++) {
        const int span = g * grid.group / grid.span;
        for (size_t r = 0; r < tile_rows; r++) {
            const Codes & row = tile.rows[r];
            const float step = row.d[span] * row.scale[g];
            tile.step[g * tile_rows + r] = step;
            tile.offset[g * tile_rows + r] = grid.offsets ? -row.m[span] * row.minimum[g] : 0;
            tile.inverse[g * tile_rows + r] = step == 0 ? 0 : 1 / step;
        }
    }
}

inline void load_rows(const Grid & grid, const uint8_t * blocks, size_t stride, size_t rows, int columns, Tile & tile) {
    tile.columns = columns;
    for (size_t r = 0; r < tile_rows; r++) {
        if (r < rows) unpack_block(grid, blocks + r * stride, columns, tile.rows[r]);
        else tile.rows[r] = Codes{};
        for (int j = 0; j < columns; j++) {
            const int code = tile.rows[r].code[j];
            tile.level[j * tile_rows + r] = grid.even ? (float) (code - grid.bias) : uneven_levels[code & 15];
        }
    }
    spread_scales(grid, tile);
}

/// Values of the levels, [column][16].
inline void values_of(const Grid & grid, const Tile & tile, float * values) {
    for (int j = 0; j < tile.columns; j++) {
        const size_t group = j / grid.group * tile_rows;
        for (size_t r = 0; r < tile_rows; r++) values[j * tile_rows + r] = tile.level[j * tile_rows + r] * tile.step[group + r] + tile.offset[group + r];
    }
}

inline void store_rows(const Grid & grid, Tile & tile, size_t rows, uint8_t * blocks, size_t stride) {
    for (size_t r = 0; r < rows; r++) {
        Codes & row = tile.rows[r];
        for (int j = 0; j < tile.columns; j++) {
            const int level = (int) tile.level[j * tile_rows + r];
            int code = level + grid.bias;
            if (!grid.even) for (code = 0; uneven_levels[code] != level;) code++;
            row.code[j] = (uint8_t) code;
        }
        pack_block(grid, row, tile.columns, blocks + r * stride);
    }
}
