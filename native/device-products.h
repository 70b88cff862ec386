// The large products of rounding on a device.
#pragma once

#include <map>

#include "device.h"
#include "products.h"

/// The factors of an input in a device's memory.
class DeviceFactors {
public:
    /// Returns null if the device has too little memory.
    static std::unique_ptr<DeviceFactors> load(const Device & device, const Factors & factors, size_t threads) {
        std::unique_ptr<DeviceFactors> made(new DeviceFactors(factors));
        if (!device.allocate(made->matrices_)) return nullptr;
        const size_t n = factors.columns;
        std::vector<float> transposed(n * block_columns);
        for (const FactorBlock & b : factors.blocks) {
            const auto upload = [&](const Panels & from, ggml_tensor * to) {
                parallel(threads, b.width, [&](size_t j, size_t) {
                    for (size_t k = 0; k < n; k++) transposed[j * n + k] = k < from.depth ? from.at(k, j) : 0;
                });
                ggml_backend_tensor_set(to, transposed.data(), 0, ggml_nbytes(to));
            };
            upload(b.moments, made->moments.at(b.place));
            upload(b.feedback, made->feedback.at(b.place));
        }
        return made;
    }

    /// By place of the block: its columns of V above its diagonal block, and of H, as rows of all places.
    std::map<size_t, ggml_tensor *> feedback, moments;

private:
    explicit DeviceFactors(const Factors & factors) : matrices_(2 * factors.blocks.size()) {
        for (const FactorBlock & b : factors.blocks) {
            feedback[b.place] = matrices_.add(factors.columns, b.width);
            moments[b.place] = matrices_.add(factors.columns, b.width);
        }
    }

    DeviceMatrices matrices_;
};

/// Products of up to `rows` rows, which `threads` threads copy to and from the device.
class DeviceProducts : public Products {
public:
    /// Returns the products of as many of `rows` rows as the device has memory for; null if that is too few.
    static std::unique_ptr<DeviceProducts> open(Device & device, const DeviceFactors & factors, size_t columns, size_t rows, size_t threads) {
        const size_t fewest = std::min<size_t>(rows, 256);
        for (rows = std::min(rows, most_values / columns); rows >= fewest; rows /= 2) {
            std::unique_ptr<DeviceProducts> made(new DeviceProducts(device, factors, columns, padded(rows), threads));
            if (device.allocate(made->matrices_)) return made;
        }
        return nullptr;
    }

    size_t rows() const { return errors_->ne[1]; }

    void update(const FactorBlock & b, size_t tiles, const float * errors) override {
        parallel(threads_, tiles, [&](size_t t, size_t) {
            const float * from = errors + (t * columns_ + b.place) * tile_rows;
            for (size_t r = 0; r < tile_rows; r++) {
                float * to = copy_.data() + (t * tile_rows + r) * b.width;
                for (size_t j = 0; j < b.width; j++) to[j] = from[j * tile_rows + r];
            }
        });
        const size_t bytes = b.width * sizeof(float);
        ggml_backend_tensor_set_2d(errors_, copy_.data(), b.place * sizeof(float), bytes, tiles * tile_rows, errors_->nb[1], bytes);
    }
    void add_feedback(const FactorBlock & b, size_t tiles, const float *, float * sums) override {
        if (b.place > 0) add(factors_.feedback.at(b.place), b.width, tiles, sums);
    }
    void add_moments(const FactorBlock & b, size_t tiles, const float *, float * sums) override {
        add(factors_.moments.at(b.place), b.width, tiles, sums);
    }

private:
    DeviceProducts(Device & device, const DeviceFactors & factors, size_t columns, size_t rows, size_t threads)
        : device_(device), factors_(factors), columns_(columns), threads_(threads), matrices_(1), errors_(matrices_.add(columns, rows)), copy_(rows * block_columns) {}

    /// CUDA multiplies up to 16 rows in 19 bits.
    static size_t padded(size_t rows) { return std::max<size_t>(64, (rows + tile_rows - 1) / tile_rows * tile_rows); }

    void add(ggml_tensor * factor, size_t width, size_t tiles, float * sums) {
        const size_t now = padded(tiles * tile_rows);
        device_.run(1, [&](ggml_context * context, ggml_cgraph * graph) {
            ggml_tensor * product = Device::multiply(context, factor, ggml_view_2d(context, errors_, columns_, now, errors_->nb[1], 0));
            ggml_build_forward_expand(graph, product);
            return product;
        }, copy_.data());
        parallel(threads_, tiles, [&](size_t t, size_t) {
            float * to = sums + t * output_stride(width);
            for (size_t r = 0; r < tile_rows; r++) {
                const float * from = copy_.data() + (t * tile_rows + r) * width;
                for (size_t j = 0; j < width; j++) to[j * tile_rows + r] += from[j];
            }
        });
    }

    /// Of a batch: 256 MB of host memory for the weights, and as much for their errors.
    static constexpr size_t most_values = 1u << 26;
    Device & device_;
    const DeviceFactors & factors_;
    size_t columns_, threads_;
    DeviceMatrices matrices_;
    ggml_tensor * errors_;
    /// Of one block, row-major.
    std::vector<float> copy_;
};

/// The rest of a matrix while its blocks are eliminated, as rows of each block from its first column on.
class DeviceRemainder : public Remainder {
public:
    /// Returns null if the device has too little memory. `h` is in the order of the blocks.
    static std::unique_ptr<Remainder> load(Device & device, const std::vector<FactorBlock> & blocks, size_t n, const std::vector<float> & h) {
        std::unique_ptr<DeviceRemainder> made(new DeviceRemainder(device, blocks, n));
        if (!device.allocate(made->matrices_)) return nullptr;
        for (const Part & part : made->parts_) {
            const size_t bytes = part.rows->nb[1];
            ggml_backend_tensor_set_2d(part.rows, h.data() + part.place * n + part.place, 0, bytes, part.rows->ne[1], bytes, n * sizeof(float));
        }
        return made;
    }

    const float * read(size_t place, size_t width) override {
        columns_.resize((place + width) * width);
        const size_t bytes = width * sizeof(float);
        for (const Part & part : parts_) {
            if (part.place > place) continue;
            float * to = columns_.data() + part.place * width;
            ggml_backend_tensor_get_2d(part.rows, to, (place - part.place) * sizeof(float), bytes, part.rows->ne[1], part.rows->nb[1], bytes);
        }
        return columns_.data();
    }

    void subtract(size_t place, size_t width, const float * left) override {
        const size_t bytes = place * width * sizeof(float);
        ggml_backend_tensor_set(left_, left, 0, bytes);
        ggml_backend_tensor_set(right_, columns_.data(), 0, bytes);
        device_.run(2 * parts_.size(), [&](ggml_context * context, ggml_cgraph * graph) {
            for (const Part & part : parts_) {
                if (part.place >= place) continue;
                ggml_tensor * right = rows_of(context, right_, width, part.place, place - part.place);
                ggml_tensor * product = Device::multiply(context, right, rows_of(context, left_, width, part.place, part.rows->ne[1]));
                ggml_tensor * rest = ggml_view_2d(context, part.rows, place - part.place, part.rows->ne[1], part.rows->nb[1], 0);
                ggml_build_forward_expand(graph, ggml_sub_inplace(context, rest, product));
            }
            return ggml_graph_node(graph, -1);
        }, nullptr);
    }

private:
    struct Part {
        size_t place;
        ggml_tensor * rows;
    };

    DeviceRemainder(Device & device, const std::vector<FactorBlock> & blocks, size_t n)
        : device_(device), matrices_(blocks.size() + 2), left_(matrices_.add(block_columns, n)), right_(matrices_.add(block_columns, n)) {
        for (const FactorBlock & b : blocks) parts_.push_back({b.place, matrices_.add(n - b.place, b.width)});
    }

    /// Rows [first, first + rows) of a matrix of `width` columns at the start of `matrix`.
    static ggml_tensor * rows_of(ggml_context * context, ggml_tensor * matrix, size_t width, size_t first, size_t rows) {
        return ggml_view_2d(context, matrix, width, rows, width * sizeof(float), first * width * sizeof(float));
    }

    Device & device_;
    DeviceMatrices matrices_;
    ggml_tensor * left_, * right_;
    std::vector<Part> parts_;
};
