// Rounds rows of a weight to a type with error feedback, and measures the loss tr(E H E^T).
#pragma once

#include <stdexcept>
#include <vector>

#include "factor.h"
#include "refit.h"

struct RoundingOptions {
    /// Passes of coordinate descent over all columns.
    int passes = 2;
    /// Number of these passes that first refit the scales.
    int refits = 2;
};

/// One thread's buffers for a maximum number of rows.
class Rounder {
public:
    Rounder(const Factors & factors, const RoundingOptions & options, size_t rows)
        : factors_(factors), options_(options), tiles_((rows + tile_rows - 1) / tile_rows), errors_(tiles_ * factors.columns * tile_rows),
          sums_(tiles_ * output_stride(block_columns)), roots_(sums_.size()), flat_(rows * block_columns), values_(block_columns * tile_rows) {}

    /// Rounds `rows` rows of `weights` to `type` and writes them to `bytes`.
    void round(ggml_type type, const float * weights, size_t rows, uint8_t * bytes) {
        load(weights, rows);
        const Grid * grid = find_grid(type);
        for (const FactorBlock & block : factors_.blocks) feed_block(type, grid, block, rows, bytes);
        if (grid == nullptr) return;
        for (int pass = 0; pass < options_.passes; pass++) {
            for (const FactorBlock & block : factors_.blocks) descend_block(*grid, block, rows, bytes, pass < options_.refits);
        }
    }

    /// The loss e H e^T, without damping, of each of the last rounded rows.
    void losses(size_t rows, double * out) { measure(rows, out); }

    /// The loss of each row for the errors `weights - rounded`; without `rounded`, for the weights.
    void losses(const float * weights, const float * rounded, size_t rows, double * out) {
        load(weights, rows);
        if (rounded != nullptr) {
            for (size_t r = 0; r < rows; r++) {
                for (const FactorBlock & b : factors_.blocks) {
                    const float * row = rounded + r * factors_.columns + b.column;
                    for (size_t j = 0; j < b.width; j++) *error(r, b.place + j) -= row[j];
                }
            }
        }
        measure(rows, out);
    }

private:
    float * error(size_t row, size_t place) { return errors_.data() + (row / tile_rows * factors_.columns + place) * tile_rows + row % tile_rows; }
    size_t tiles_of(size_t rows) const { return (rows + tile_rows - 1) / tile_rows; }
    float * tile_errors(size_t t, const FactorBlock & b) { return errors_.data() + (t * factors_.columns + b.place) * tile_rows; }

    void load(const float * weights, size_t rows) {
        std::fill(errors_.begin(), errors_.end(), 0.0f);
        for (size_t r = 0; r < rows; r++) {
            for (const FactorBlock & b : factors_.blocks) {
                for (size_t j = 0; j < b.width; j++) *error(r, b.place + j) = weights[r * factors_.columns + b.column + j];
            }
        }
    }

    /// The target of block b: its weights plus the feedback of the blocks before it.
    void block_targets(const FactorBlock & b, size_t tiles) {
        const size_t stride = output_stride(b.width);
        for (size_t t = 0; t < tiles; t++) {
            const float * own = tile_errors(t, b);
            std::copy(own, own + b.width * tile_rows, sums_.begin() + t * stride);
            std::fill(sums_.begin() + t * stride + b.width * tile_rows, sums_.begin() + (t + 1) * stride, 0.0f);
        }
        add_product(tiles, errors_.data(), factors_.columns * tile_rows, b.feedback, 0, b.place, sums_.data());
    }

    void feed_block(ggml_type type, const Grid * grid, const FactorBlock & b, size_t rows, uint8_t * bytes) {
        const size_t tiles = tiles_of(rows), stride = output_stride(b.width);
        block_targets(b, tiles);
        for (size_t r = 0; r < rows; r++) {
            const float * sums = sums_.data() + r / tile_rows * stride + r % tile_rows;
            for (size_t j = 0; j < b.width; j++) flat_[r * b.width + j] = sums[j * tile_rows];
        }
        const size_t block_bytes = ggml_row_size(type, b.width), row_bytes = ggml_row_size(type, factors_.columns);
        packed_.resize(rows * block_bytes);
        ggml_quantize_chunk(type, flat_.data(), packed_.data(), 0, rows, b.width, b.importance.data());
        uint8_t * to = bytes + ggml_row_size(type, b.column);
        if (grid == nullptr) {
            ggml_get_type_traits(type)->to_float(packed_.data(), flat_.data(), rows * b.width);
            for (size_t r = 0; r < rows; r++) {
                std::copy(packed_.begin() + r * block_bytes, packed_.begin() + (r + 1) * block_bytes, to + r * row_bytes);
                for (size_t j = 0; j < b.width; j++) *error(r, b.place + j) -= flat_[r * b.width + j];
            }
            return;
        }
        for (size_t t = 0; t < tiles; t++) {
            const size_t first = t * tile_rows, count = std::min(tile_rows, rows - first);
            load_rows(*grid, packed_.data() + first * block_bytes, block_bytes, count, b.width, tile_);
            float * targets = sums_.data() + t * stride, * errors = tile_errors(t, b);
            std::copy(targets, targets + b.width * tile_rows, values_.begin());
            kernels().choose_levels(*grid, tile_, b.inner.data(), targets, values_.data());
            values_of(*grid, tile_, values_.data());
            for (size_t i = 0; i < b.width * tile_rows; i++) errors[i] -= values_[i];
            store_rows(*grid, tile_, count, to + first * row_bytes, row_bytes);
        }
    }

    void descend_block(const Grid & grid, const FactorBlock & b, size_t rows, uint8_t * bytes, bool refit) {
        const size_t tiles = tiles_of(rows), stride = output_stride(b.width), row_bytes = ggml_row_size(grid.type, factors_.columns);
        std::fill(sums_.begin(), sums_.begin() + tiles * stride, 0.0f);
        add_product(tiles, errors_.data(), factors_.columns * tile_rows, b.moments, 0, factors_.columns, sums_.data());
        uint8_t * at = bytes + ggml_row_size(grid.type, b.column);
        for (size_t t = 0; t < tiles; t++) {
            const size_t first = t * tile_rows, count = std::min(tile_rows, rows - first);
            float * gradient = sums_.data() + t * stride, * errors = tile_errors(t, b);
            load_rows(grid, at + first * row_bytes, row_bytes, count, b.width, tile_);
            if (refit) refit_scales(grid, tile_, b.within.data(), errors, gradient);
            // The gradient is zero at the optimum of a single column.
            values_of(grid, tile_, values_.data());
            for (size_t i = 0; i < b.width * tile_rows; i++) gradient[i] = values_[i] + gradient[i] * b.inverse_diagonal[i / tile_rows];
            kernels().choose_levels(grid, tile_, b.descent.data(), gradient, values_.data());
            for (size_t i = 0; i < b.width * tile_rows; i++) errors[i] += values_[i];
            store_rows(grid, tile_, count, at + first * row_bytes, row_bytes);
        }
    }

    void measure(size_t rows, double * out) {
        const size_t tiles = tiles_of(rows);
        std::fill(out, out + rows, 0.0);
        for (const FactorBlock & b : factors_.blocks) {
            const size_t stride = output_stride(b.width);
            block_targets(b, tiles);
            std::fill(roots_.begin(), roots_.begin() + tiles * stride, 0.0f);
            add_product(tiles, sums_.data(), stride, b.root, 0, b.width, roots_.data());
            for (size_t r = 0; r < rows; r++) {
                const float * root = roots_.data() + r / tile_rows * stride + r % tile_rows;
                double loss = 0, damped = 0;
                for (size_t j = 0; j < b.width; j++) {
                    loss += (double) root[j * tile_rows] * root[j * tile_rows];
                    damped += (double) *error(r, b.place + j) * *error(r, b.place + j);
                }
                out[r] += loss - factors_.damping * damped;
            }
        }
    }

    const Factors & factors_;
    RoundingOptions options_;
    size_t tiles_;
    /// W - Q, or W if not yet rounded: [tile][place][16].
    std::vector<float> errors_;
    std::vector<float> sums_, roots_, flat_, values_;
    std::vector<uint8_t> packed_;
    Tile tile_;
};
