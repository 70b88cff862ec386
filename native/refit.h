// Refits the scales and minima of a tile by least squares on the loss with fixed levels: moves one parameter after the other by
// gradient over curvature to the nearest representable number, if that lowers the loss. ggml chose them for the weights
// before feedback.
#pragma once

#include "tile.h"

namespace refitting {

/// Moves one parameter of each row. `move(row, wanted)` changes it by `wanted`, rounded, and returns the actual change.
template <typename Move>
void fit(const float * direction, int first, int count, const float * h, int n, float * errors, float * gradient, Move move) {
    float slope[tile_rows], curvature[tile_rows], moves[tile_rows];
    kernels().measure(direction, gradient, h, n, first, count, slope, curvature);
    bool any = false;
    for (size_t r = 0; r < tile_rows; r++) {
        moves[r] = curvature[r] > 0 ? move(r, slope[r] / curvature[r]) : 0;
        any = any || moves[r] != 0;
    }
    if (any) kernels().apply(direction, moves, h, n, first, count, errors, gradient);
}

inline float move_integer(int & field, float wanted, int low, int high) {
    const float target = std::fmax((float) low, std::fmin((float) high, std::nearbyint(field + wanted)));
    const float by = target - field;
    // Otherwise the old number is nearer to the optimum.
    if (std::isnan(by) || std::fabs(by - wanted) >= std::fabs(wanted)) return 0;
    field = (int) target;
    return by;
}

inline float move_half(float & field, float wanted) {
    const float target = ggml_fp16_to_fp32(ggml_fp32_to_fp16(field + wanted)), by = target - field;
    if (!std::isfinite(by) || std::fabs(by - wanted) >= std::fabs(wanted)) return 0;
    field = target;
    return by;
}

}  // namespace refitting

/// `h` is H inside the block, row-major; `errors` are W - Q and `gradient` is (W - Q) H, both of the block's columns.
inline void refit_scales(const Grid & grid, Tile & tile, const float * h, float * errors, float * gradient) {
    using namespace refitting;
    const int n = tile.columns;
    float direction[256 * tile_rows];
    // Fills the direction of `count` columns from the rows' fields.
    auto aim = [&](int first, int count, auto value) {
        for (int j = 0; j < count; j++) {
            for (size_t r = 0; r < tile_rows; r++) direction[j * tile_rows + r] = value(tile.rows[r], (first + j) / grid.group, tile.level[(first + j) * tile_rows + r]);
        }
    };
    if (grid.scale_high > grid.scale_low) {
        for (int g = 0; g < n / grid.group; g++) {
            const int first = g * grid.group;
            aim(first, grid.group, [&](const Codes & row, int, float level) { return row.d[first / grid.span] * level; });
            fit(direction, first, grid.group, h, n, errors, gradient, [&](size_t r, float wanted) { return move_integer(tile.rows[r].scale[g], wanted, grid.scale_low, grid.scale_high); });
            if (grid.minimum_high == 0) continue;
            aim(first, grid.group, [&](const Codes & row, int, float) { return -row.m[first / grid.span]; });
            fit(direction, first, grid.group, h, n, errors, gradient, [&](size_t r, float wanted) { return move_integer(tile.rows[r].minimum[g], wanted, 0, grid.minimum_high); });
        }
    }
    for (int first = 0; first < n; first += grid.span) {
        const int span = first / grid.span, count = std::min(grid.span, n);
        aim(first, count, [](const Codes & row, int g, float level) { return row.scale[g] * level; });
        fit(direction, first, count, h, n, errors, gradient, [&](size_t r, float wanted) { return move_half(tile.rows[r].d[span], wanted); });
        if (!grid.offsets) continue;
        aim(first, count, [](const Codes & row, int g, float) { return (float) -row.minimum[g]; });
        fit(direction, first, count, h, n, errors, gradient, [&](size_t r, float wanted) { return move_half(tile.rows[r].m[span], wanted); });
    }
    spread_scales(grid, tile);
}
