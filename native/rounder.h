// Rounds rows of a weight to a type with error feedback, and measures the loss tr(E H E^T).
#pragma once

#include <stdexcept>
#include <vector>

#include "products.h"
#include "refit.h"

struct RoundingOptions {
    /// Passes of coordinate descent over all columns.
    int passes = 2;
    /// Number of these passes that first refit the scales.
    int refits = 2;
};

/// The errors of a batch of rows. Everything but the products is computed by `threads` threads.
class Rounder {
public:
    Rounder(const Factors & factors, const RoundingOptions & options, Products & products, size_t rows, size_t threads)
        : factors_(factors), options_(options), products_(products), tiles_(tiles_of(rows)), errors_(tiles_ * factors.columns * tile_rows),
          sums_(tiles_ * output_stride(block_columns)), workers_(threads) {}

    /// The loss of each row if all weights became zero.
    void measure_weights(const float * weights, size_t rows, double * losses) {
        load(weights, rows);
        measure(rows, losses);
    }

    /// Measures ggml's rounding of the rows.
    void measure_nearest(ggml_type type, const float * weights, size_t rows, const float * importance, double * losses) {
        load(weights, rows);
        for_parts(rows, [&](Worker & w, size_t first, size_t count) {
            const size_t n = factors_.columns;
            w.packed.resize(count * ggml_row_size(type, n));
            w.flat.resize(count * n);
            ggml_quantize_chunk(type, weights + first * n, w.packed.data(), 0, count, n, importance);
            ggml_get_type_traits(type)->to_float(w.packed.data(), w.flat.data(), count * n);
            for (size_t r = 0; r < count; r++) {
                for (const FactorBlock & b : factors_.blocks) {
                    for (size_t j = 0; j < b.width; j++) *error(first + r, b.place + j) -= w.flat[r * n + b.column + j];
                }
            }
        });
        measure(rows, losses);
    }

    /// Rounds the rows, writes them to `bytes`, and measures them.
    void round(ggml_type type, const float * weights, size_t rows, uint8_t * bytes, double * losses) {
        load(weights, rows);
        const Grid * grid = find_grid(type);
        for (const FactorBlock & block : factors_.blocks) feed_block(type, grid, block, rows, bytes);
        for (int pass = 0; grid != nullptr && pass < options_.passes; pass++) {
            for (const FactorBlock & block : factors_.blocks) descend_block(*grid, block, rows, bytes, pass < options_.refits);
        }
        measure_errors(rows, losses);
    }

private:
    /// One thread's buffers.
    struct Worker {
        std::vector<float> flat, values, roots;
        std::vector<uint8_t> packed;
        Tile tile;
    };

    /// Rows that a worker processes at once; the factors of a block are read once for them.
    static constexpr size_t part_rows = 128;

    float * error(size_t row, size_t place) { return errors_.data() + (row / tile_rows * factors_.columns + place) * tile_rows + row % tile_rows; }
    static size_t tiles_of(size_t rows) { return (rows + tile_rows - 1) / tile_rows; }
    float * tile_errors(size_t t, const FactorBlock & b) { return errors_.data() + (t * factors_.columns + b.place) * tile_rows; }

    /// Calls `work(worker, first, count)` for rows [first, first + count) of the first `rows`; `first` is that of a tile.
    template <typename Work>
    void for_parts(size_t rows, Work work) {
        parallel(workers_.size(), (rows + part_rows - 1) / part_rows, [&](size_t part, size_t thread) {
            const size_t first = part * part_rows;
            work(workers_[thread], first, std::min(part_rows, rows - first));
        });
    }

    void load(const float * weights, size_t rows) {
        for_parts(rows, [&](Worker &, size_t first, size_t count) {
            const size_t tile = factors_.columns * tile_rows;
            std::fill_n(errors_.begin() + first / tile_rows * tile, tiles_of(count) * tile, 0.0f);
            for (size_t r = first; r < first + count; r++) {
                for (const FactorBlock & b : factors_.blocks) {
                    for (size_t j = 0; j < b.width; j++) *error(r, b.place + j) = weights[r * factors_.columns + b.column + j];
                }
            }
        });
    }

    /// The target of block b: its weights plus the feedback of the blocks before it.
    void block_targets(const FactorBlock & b, size_t rows) {
        const size_t stride = output_stride(b.width);
        for_parts(rows, [&](Worker &, size_t first, size_t count) {
            for (size_t t = first / tile_rows; t < tiles_of(first + count); t++) {
                const float * own = tile_errors(t, b);
                std::copy(own, own + b.width * tile_rows, sums_.begin() + t * stride);
                std::fill(sums_.begin() + t * stride + b.width * tile_rows, sums_.begin() + (t + 1) * stride, 0.0f);
            }
        });
        products_.add_feedback(b, tiles_of(rows), errors_.data(), sums_.data());
    }

    void feed_block(ggml_type type, const Grid * grid, const FactorBlock & b, size_t rows, uint8_t * bytes) {
        const size_t stride = output_stride(b.width);
        const size_t block_bytes = ggml_row_size(type, b.width), row_bytes = ggml_row_size(type, factors_.columns);
        block_targets(b, rows);
        for_parts(rows, [&](Worker & w, size_t first, size_t count) {
            w.flat.resize(count * b.width);
            w.packed.resize(count * block_bytes);
            for (size_t r = 0; r < count; r++) {
                const float * sums = sums_.data() + (first + r) / tile_rows * stride + r % tile_rows;
                for (size_t j = 0; j < b.width; j++) w.flat[r * b.width + j] = sums[j * tile_rows];
            }
            ggml_quantize_chunk(type, w.flat.data(), w.packed.data(), 0, count, b.width, b.importance.data());
            uint8_t * to = bytes + first * row_bytes + ggml_row_size(type, b.column);
            if (grid != nullptr) return choose_codes(*grid, b, w, first, count, to, row_bytes);
            ggml_get_type_traits(type)->to_float(w.packed.data(), w.flat.data(), count * b.width);
            for (size_t r = 0; r < count; r++) {
                std::copy_n(w.packed.begin() + r * block_bytes, block_bytes, to + r * row_bytes);
                for (size_t j = 0; j < b.width; j++) *error(first + r, b.place + j) -= w.flat[r * b.width + j];
            }
        });
        products_.update(b, tiles_of(rows), errors_.data());
    }

    /// Keeps the scales of the packed rows, and chooses the codes again column by column.
    void choose_codes(const Grid & grid, const FactorBlock & b, Worker & w, size_t first, size_t count, uint8_t * to, size_t row_bytes) {
        const size_t block_bytes = ggml_row_size(grid.type, b.width);
        w.values.resize(b.width * tile_rows);
        for (size_t r = 0; r < count; r += tile_rows) {
            const size_t t = (first + r) / tile_rows, rows = std::min(tile_rows, count - r);
            load_rows(grid, w.packed.data() + r * block_bytes, block_bytes, rows, b.width, w.tile);
            float * targets = sums_.data() + t * output_stride(b.width), * errors = tile_errors(t, b);
            std::copy(targets, targets + b.width * tile_rows, w.values.begin());
            kernels().choose_levels(grid, w.tile, b.inner.data(), targets, w.values.data());
            values_of(grid, w.tile, w.values.data());
            for (size_t i = 0; i < b.width * tile_rows; i++) errors[i] -= w.values[i];
            store_rows(grid, w.tile, rows, to + r * row_bytes, row_bytes);
        }
    }

    void descend_block(const Grid & grid, const FactorBlock & b, size_t rows, uint8_t * bytes, bool refit) {
        const size_t stride = output_stride(b.width), row_bytes = ggml_row_size(grid.type, factors_.columns);
        for_parts(rows, [&](Worker &, size_t first, size_t count) {
            std::fill_n(sums_.begin() + first / tile_rows * stride, tiles_of(count) * stride, 0.0f);
        });
        products_.add_moments(b, tiles_of(rows), errors_.data(), sums_.data());
        for_parts(rows, [&](Worker & w, size_t first, size_t count) {
            w.values.resize(b.width * tile_rows);
            for (size_t r = first; r < first + count; r += tile_rows) {
                const size_t t = r / tile_rows, now = std::min(tile_rows, first + count - r);
                uint8_t * at = bytes + r * row_bytes + ggml_row_size(grid.type, b.column);
                float * gradient = sums_.data() + t * stride, * errors = tile_errors(t, b);
                load_rows(grid, at, row_bytes, now, b.width, w.tile);
                if (refit) refit_scales(grid, w.tile, b.within.data(), errors, gradient);
                // The gradient is zero at the optimum of a single column.
                values_of(grid, w.tile, w.values.data());
                for (size_t i = 0; i < b.width * tile_rows; i++) gradient[i] = w.values[i] + gradient[i] * b.inverse_diagonal[i / tile_rows];
                kernels().choose_levels(grid, w.tile, b.descent.data(), gradient, w.values.data());
                for (size_t i = 0; i < b.width * tile_rows; i++) errors[i] += w.values[i];
                store_rows(grid, w.tile, now, at, row_bytes);
            }
        });
        products_.update(b, tiles_of(rows), errors_.data());
    }

    /// Measures errors that the products do not know yet.
    void measure(size_t rows, double * losses) {
        for (const FactorBlock & b : factors_.blocks) products_.update(b, tiles_of(rows), errors_.data());
        measure_errors(rows, losses);
    }

    /// The loss e H e^T of each row, without damping.
    void measure_errors(size_t rows, double * losses) {
        std::fill(losses, losses + rows, 0.0);
        for (const FactorBlock & b : factors_.blocks) {
            const size_t stride = output_stride(b.width);
            block_targets(b, rows);
            for_parts(rows, [&](Worker & w, size_t first, size_t count) {
                w.roots.assign(tiles_of(count) * stride, 0.0f);
                add_product(tiles_of(count), sums_.data() + first / tile_rows * stride, stride, b.root, 0, b.width, w.roots.data());
                for (size_t r = 0; r < count; r++) {
                    const float * root = w.roots.data() + r / tile_rows * stride + r % tile_rows;
                    double loss = 0, damped = 0;
                    for (size_t j = 0; j < b.width; j++) {
                        loss += (double) root[j * tile_rows] * root[j * tile_rows];
                        damped += (double) *error(first + r, b.place + j) * *error(first + r, b.place + j);
                    }
                    losses[first + r] += loss - factors_.damping * damped;
                }
            });
        }
    }

    const Factors & factors_;
    RoundingOptions options_;
    Products & products_;
    size_t tiles_;
    /// W - Q, or W if not yet rounded.
    std::vector<float> errors_;
    std::vector<float> sums_;
    std::vector<Worker> workers_;
};
