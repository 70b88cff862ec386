// The large products of rounding: errors of a batch of rows with the factors of their input.
#pragma once

#include "factor.h"

/// Errors and sums are in tiles: errors [tile][place][16], sums of a block [tile][column][16], `output_stride` apart.
class Products {
public:
    virtual ~Products() = default;
    /// Called after the errors of block b have changed.
    virtual void update(const FactorBlock &, size_t tiles, const float * errors) = 0;
    /// Adds E V, without V's diagonal block, in the columns of block b.
    virtual void add_feedback(const FactorBlock & b, size_t tiles, const float * errors, float * sums) = 0;
    /// Adds E H in the columns of block b.
    virtual void add_moments(const FactorBlock & b, size_t tiles, const float * errors, float * sums) = 0;
};

/// Products on the calling thread.
class HostProducts : public Products {
public:
    explicit HostProducts(const Factors & factors) : columns_(factors.columns) {}

    void update(const FactorBlock &, size_t, const float *) override {}
    void add_feedback(const FactorBlock & b, size_t tiles, const float * errors, float * sums) override {
        add_product(tiles, errors, columns_ * tile_rows, b.feedback, 0, b.place, sums);
    }
    void add_moments(const FactorBlock & b, size_t tiles, const float * errors, float * sums) override {
        add_product(tiles, errors, columns_ * tile_rows, b.moments, 0, columns_, sums);
    }

private:
    size_t columns_;
};
