// The format of a second moment H = E[x x^T] in a moments file: its diagonal as F32, and the strict upper triangle, row by
// row, as correlations H_ij / sqrt(H_ii H_jj) in 16 bits. A correlation is at most 1 at any scale of its columns, so every
// entry has the same relative accuracy (1.5e-5 of the geometric mean of its diagonals), outlier columns included.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace packed_moments {

constexpr float steps = 32767.0f;

inline size_t triangle_size(size_t n) { return n * (n - 1) / 2; }

/// The start of row i of the strict upper triangle, so that (i, j) is at `row_start(n, i) + j - i - 1`.
inline size_t row_start(size_t n, size_t i) { return i * (2 * n - i - 1) / 2; }

/// Packs row i, whose entries right of the diagonal are `right(j)`.
template <typename Right>
void pack_row(size_t n, size_t i, const float * diagonal, int16_t * triangle, Right right) {
    int16_t * row = triangle + row_start(n, i);
    for (size_t j = i + 1; j < n; j++) {
        const double scale = std::sqrt((double) diagonal[i] * diagonal[j]);
        const double correlation = scale > 0 ? right(j) / scale : 0;
        row[j - i - 1] = (int16_t) std::lrint(std::fmax(-1, std::fmin(1, correlation)) * steps);
    }
}

/// Adds `weight` times the matrix to `sum`, n x n, both triangles.
inline void add_unpacked(size_t n, const float * diagonal, const int16_t * triangle, float weight, float * sum) {
    std::vector<float> root(n);
    for (size_t i = 0; i < n; i++) root[i] = std::sqrt(diagonal[i]);
    for (size_t i = 0; i < n; i++) {
        sum[i * n + i] += weight * diagonal[i];
        const int16_t * row = triangle + row_start(n, i);
        const float scale = weight * root[i] / steps;
        for (size_t j = i + 1; j < n; j++) sum[i * n + j] += scale * root[j] * (float) row[j - i - 1];
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) sum[i * n + j] = sum[j * n + i];
    }
}

}  // namespace packed_moments
