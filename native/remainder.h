// What is left of a second moment while its blocks are eliminated (factor.h).
#pragma once

#include "parallel.h"
#include "sgemm.h"

/// Rows [first, first + 16) of a row-major matrix as a tile, columns [0, width).
inline void load_tile(const float * matrix, size_t stride, size_t first, size_t rows, size_t width, float * tile) {
    std::fill(tile, tile + width * tile_rows, 0.0f);
    for (size_t r = 0; r < std::min(tile_rows, rows - first); r++) {
        const float * row = matrix + (first + r) * stride;
        for (size_t j = 0; j < width; j++) tile[j * tile_rows + r] = row[j];
    }
}

/// A symmetric matrix in the order of the blocks, of which only the upper triangle is valid.
class Remainder {
public:
    virtual ~Remainder() = default;
    /// Returns columns [place, place + width) above and inside their block: (place + width) x width, row-major.
    virtual const float * read(size_t place, size_t width) = 0;
    /// Subtracts left x (the columns of the last `read`)^T from rows and columns [0, place). `left` is place x width, row-major.
    virtual void subtract(size_t place, size_t width, const float * left) = 0;

protected:
    std::vector<float> columns_;
};

/// A matrix in host memory, overwritten.
class HostRemainder : public Remainder {
public:
    HostRemainder(size_t n, std::vector<float> & h, size_t threads) : n_(n), h_(h), threads_(threads) {}

    const float * read(size_t place, size_t width) override {
        columns_.resize((place + width) * width);
        for (size_t i = 0; i < place + width; i++) std::copy_n(h_.data() + i * n_ + place, width, columns_.data() + i * width);
        return columns_.data();
    }

    void subtract(size_t place, size_t width, const float * left) override {
        const size_t tiles = (place + tile_rows - 1) / tile_rows;
        Panels across(width, place);
        for (size_t i = 0; i < place; i++) {
            for (size_t j = 0; j < width; j++) across.at(j, i) = columns_[i * width + j];
        }
        parallel(threads_, tiles, [&](size_t t, size_t) {
            // Only the upper triangle is read, so panels left of the tile's rows are skipped.
            const size_t first = t * tile_rows / panel_columns;
            float product[panel_columns * tile_rows];
            std::vector<float> tile(width * tile_rows);
            load_tile(left, width, t * tile_rows, place, width, tile.data());
            for (size_t p = first; p < panels_of(place); p++) {
                std::fill(product, product + panel_columns * tile_rows, 0.0f);
                kernels().add_product(width, tile.data(), across.panel(p, 0), product);
                for (size_t r = 0; r < std::min(tile_rows, place - t * tile_rows); r++) {
                    float * row = h_.data() + (t * tile_rows + r) * n_ + p * panel_columns;
                    for (size_t c = 0; c < std::min(panel_columns, place - p * panel_columns); c++) row[c] -= product[c * tile_rows + r];
                }
            }
        });
    }

private:
    size_t n_;
    std::vector<float> & h_;
    size_t threads_;
};
