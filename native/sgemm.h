// Single-precision products for rounding. The left side is stored in tiles of 16 rows ([tile][k][16]), the right side in
// panels of 6 columns ([panel][k][6]), so that the kernel reads both in order. The order of summation over k is fixed, so
// results do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels.h"

inline size_t panels_of(size_t columns) { return (columns + panel_columns - 1) / panel_columns; }

/// A right side of `depth` rows and `columns` columns, in panels; the last is padded with zeros.
struct Panels {
    size_t depth = 0, columns = 0;
    std::vector<float> values;

    Panels() = default;
    Panels(size_t depth, size_t columns) : depth(depth), columns(columns), values(panels_of(columns) * depth * panel_columns) {}

    float & at(size_t k, size_t column) { return values[index(k, column)]; }
    float at(size_t k, size_t column) const { return values[index(k, column)]; }
    const float * panel(size_t p, size_t k) const { return values.data() + (p * depth + k) * panel_columns; }

private:
    size_t index(size_t k, size_t column) const { return (column / panel_columns * depth + k) * panel_columns + column % panel_columns; }
};

/// Number of values per output tile: whole panels, so the last may write past the columns.
inline size_t output_stride(size_t columns) { return panels_of(columns) * panel_columns * tile_rows; }

/// out[tile][columns][16] += left rows [first, end) of each tile x the same rows of `right`. Tiles of the left side are
/// `left_stride` values apart, those of the output `output_stride(right.columns)`.
inline void add_product(size_t tiles, const float * left, size_t left_stride, const Panels & right, size_t right_first, size_t depth, float * out) {
    // This part of the right side stays in the second-level cache while all tiles use it.
    constexpr size_t depth_block = 256;
    const size_t panels = panels_of(right.columns), stride = output_stride(right.columns);
    for (size_t k = 0; k < depth; k += depth_block) {
        const size_t now = std::min(depth_block, depth - k);
        for (size_t t = 0; t < tiles; t++) {
            const float * rows = left + t * left_stride + k * tile_rows;
            float * to = out + t * stride;
            for (size_t p = 0; p < panels; p++) kernels().add_product(now, rows, right.panel(p, right_first + k), to + p * panel_columns * tile_rows);
        }
    }
}
