// The factors of a second moment for rounding, computed once for all tensors and types that read this input.
// Blocks of 256 columns in an order of decreasing trace; H = V D V^T with V unit upper block triangular. Rounding block b
// after those before it, the loss adds (E V)_b D_b (E V)_b^T, so its best target is W_b + sum over earlier blocks E_a V_ab
// (LDLQ, arXiv 2307.13304, which is GPTQ, arXiv 2210.17323, block by block).
#pragma once

#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "remainder.h"

constexpr size_t block_columns = 256;

struct FactorBlock {
    /// First column in the weight, first place in the order, width.
    size_t column, place, width;
    /// V above the block: places before it x width.
    Panels feedback;
    /// H: all places x width.
    Panels moments;
    /// M with D = M M^T, upper triangular: width x width.
    Panels root;
    /// M with each column divided by its diagonal, row-major: the feedback from column to column inside the block.
    std::vector<float> inner;
    /// H_ij / H_jj inside the block, row-major: the feedback of coordinate descent.
    std::vector<float> descent;
    /// Inside the block, row-major.
    std::vector<float> within;
    /// The diagonal of D, ggml's importance of each column in the block.
    std::vector<float> importance;
    std::vector<float> inverse_diagonal;
};

struct Factors {
    size_t columns = 0;
    /// The value added to the diagonal.
    float damping = 0;
    std::vector<FactorBlock> blocks;
};

namespace factoring {

inline std::vector<FactorBlock> order_blocks(size_t n, const std::vector<float> & h) {
    std::vector<FactorBlock> blocks;
    std::vector<double> traces;
    for (size_t column = 0; column < n; column += block_columns) {
        FactorBlock block{};
        block.column = column;
        block.width = std::min(block_columns, n - column);
        double trace = 0;
        for (size_t j = column; j < column + block.width; j++) trace += h[j * n + j];
        traces.push_back(trace);
        blocks.push_back(block);
    }
    std::vector<size_t> order(blocks.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return traces[a] > traces[b]; });
    std::vector<FactorBlock> sorted;
    size_t place = 0;
    for (const size_t b : order) {
        blocks[b].place = place;
        place += blocks[b].width;
        sorted.push_back(std::move(blocks[b]));
    }
    return sorted;
}

/// Writes the matrix over `h`, in the order of the blocks.
inline void permute(size_t n, const std::vector<FactorBlock> & blocks, std::vector<float> & h) {
    const std::vector<float> from = h;
    for (const FactorBlock & a : blocks) {
        for (size_t i = 0; i < a.width; i++) {
            for (const FactorBlock & b : blocks) {
                const float * row = from.data() + (a.column + i) * n + b.column;
                std::copy(row, row + b.width, h.data() + (a.place + i) * n + b.place);
            }
        }
    }
}

inline void keep_moments(size_t n, const std::vector<float> & h, FactorBlock & b) {
    b.moments = Panels(n, b.width);
    for (size_t k = 0; k < n; k++) {
        for (size_t j = 0; j < b.width; j++) b.moments.at(k, j) = h[k * n + b.place + j];
    }
    b.within.resize(b.width * b.width);
    b.descent.resize(b.width * b.width);
    b.inverse_diagonal.resize(b.width);
    for (size_t j = 0; j < b.width; j++) b.inverse_diagonal[j] = 1 / h[(b.place + j) * n + b.place + j];
    for (size_t i = 0; i < b.width; i++) {
        for (size_t j = 0; j < b.width; j++) {
            const float value = h[(b.place + i) * n + b.place + j];
            b.within[i * b.width + j] = value;
            b.descent[i * b.width + j] = value * b.inverse_diagonal[j];
        }
    }
}

/// Eliminates block b, leaving the Schur complement of the blocks before it. Returns false if it is not positive definite.
inline bool eliminate(Remainder & s, FactorBlock & b, size_t threads) {
    const size_t w = b.width, before = b.place;
    const float * columns = s.read(before, w);
    std::vector<double> m(w * w), inverse(2 * w * w);
    b.importance.resize(w);
    for (size_t i = 0; i < w; i++) {
        for (size_t j = 0; j < w; j++) m[i * w + j] = columns[(before + std::min(i, j)) * w + std::max(i, j)];
        b.importance[i] = (float) m[i * w + i];
    }
    if (!kernels().factor_block(w, m.data(), inverse.data())) return false;
    b.root = Panels(w, w);
    b.inner.assign(w * w, 0.0f);
    Panels over(w, w);
    for (size_t i = 0; i < w; i++) {
        for (size_t j = 0; j < w; j++) over.at(i, j) = (float) inverse[i * w + j];
        for (size_t j = i; j < w; j++) {
            b.root.at(i, j) = (float) m[i * w + j];
            b.inner[i * w + j] = (float) (m[i * w + j] / m[j * w + j]);
        }
    }
    b.feedback = Panels(before, w);
    if (before == 0) return true;
    // V = S_<b D^-1, then S_<< -= V S_b<.
    std::vector<float> v(before * w);
    parallel(threads, (before + tile_rows - 1) / tile_rows, [&](size_t t, size_t) {
        std::vector<float> tile(w * tile_rows), product(output_stride(w), 0.0f);
        load_tile(columns, w, t * tile_rows, before, w, tile.data());
        add_product(1, tile.data(), 0, over, 0, w, product.data());
        for (size_t r = 0; r < std::min(tile_rows, before - t * tile_rows); r++) {
            const size_t row = t * tile_rows + r;
            for (size_t j = 0; j < w; j++) b.feedback.at(row, j) = v[row * w + j] = product[j * tile_rows + r];
        }
    });
    s.subtract(before, w, v.data());
    return true;
}

}  // namespace factoring

/// Factors `h` (n x n, both triangles, overwritten) with `share` of the mean diagonal added. `remainder(blocks, h)` returns
/// the `Remainder` to compute with. Returns false if `h` is not positive definite.
template <typename MakeRemainder>
bool factor(size_t n, std::vector<float> & h, float share, size_t threads, MakeRemainder remainder, Factors & factors) {
    factors = Factors();
    factors.columns = n;
    double trace = 0;
    for (size_t j = 0; j < n; j++) trace += h[j * n + j];
    factors.damping = (float) (share * trace / n);
    if (!(factors.damping > 0) || !std::isfinite(factors.damping)) return false;
    factors.blocks = factoring::order_blocks(n, h);
    factoring::permute(n, factors.blocks, h);
    for (size_t j = 0; j < n; j++) h[j * n + j] += factors.damping;
    for (FactorBlock & block : factors.blocks) factoring::keep_moments(n, h, block);
    const std::unique_ptr<Remainder> rest = remainder(factors.blocks, h);
    for (size_t b = factors.blocks.size(); b-- > 0;) {
        if (!factoring::eliminate(*rest, factors.blocks[b], threads)) return false;
    }
    return true;
}
