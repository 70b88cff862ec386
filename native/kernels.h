// The inner loops of rounding, compiled for the baseline processor and, on x86-64, also for AVX2 and FMA, since the libraries
// of the pinned package run on both. Helpers are compiled with them: the compiler splits the vectors of a function that it
// inlines into a function for another instruction set.
#pragma once

#include <cstddef>

#include "grids.h"

constexpr size_t tile_rows = 16;
constexpr size_t panel_columns = 6;

typedef float v8 __attribute__((vector_size(32), aligned(4)));

struct Tile {
    int columns;
    Codes rows[tile_rows];
    float level[256 * tile_rows];
    /// By group.
    float step[16 * tile_rows], offset[16 * tile_rows], inverse[16 * tile_rows];
};

struct Kernels {
    void (*add_product)(size_t depth, const float * left, const float * right, float * out);
    void (*choose_levels)(const Grid & grid, Tile & tile, const float * feedback, float * target, float * error);
    void (*measure)(const float * direction, const float * gradient, const float * h, int n, int first, int count, float * slope, float * curvature);
    void (*apply)(const float * direction, const float * move, const float * h, int n, int first, int count, float * errors, float * gradient);
    bool (*factor_block)(size_t n, double * m, double * inverse);
};

namespace kernels_any {
#include "kernels-body.h"
}

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace kernels_avx2 {
#include "kernels-body.h"
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

/// Returns the kernels for this processor.
inline const Kernels & kernels() {
#if defined(__x86_64__)
    static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2) return kernels_avx2::table;
#endif
    return kernels_any::table;
}
