// Rounds or measures one weight: all its experts, all its types.
#pragma once

#include <chrono>
#include <optional>

#include "device-products.h"
#include "round-input.h"
#include "round-output.h"
#include "rounder.h"

struct RoundJob {
    std::string tensor;
    std::vector<ggml_type> types;
};

struct RoundSettings {
    RoundingOptions rounding;
    size_t threads = 1;
    /// Measured rows of each expert; 0 for all.
    size_t sample = 0;
    /// Weight of the layer's mean in tokens per column.
    double prior = 0.1;
    /// Share of the mean diagonal to add to the diagonal.
    float damping = 0.03f;
};

/// The losses of one weight in one type.
struct TypeResult {
    ggml_type type;
    double loss = 0, nearest = 0;
};

struct JobResult {
    size_t rows = 0, columns = 0;
    /// tr(W H W^T) of the processed rows; only with a sample.
    double signal = 0;
    std::vector<TypeResult> types;
    /// The greatest share of the mean diagonal added to a matrix; empty if one stayed singular.
    std::optional<float> damping = 0.0f;
    bool feedback = false;
};

/// Caches the factors of the last matrix, since many weights and types share one.
class FactorCache {
public:
    /// Computes on `device` if it is not null and has enough memory.
    FactorCache(Device * device, size_t threads) : device_(device), threads_(threads) {}

    /// `h` returns the matrix. Retries with more damping if it is singular; returns null if that fails.
    template <typename Matrix>
    const Factors * get(const std::string & key, float least_damping, Matrix h) {
        if (key == key_) return usable_ ? &factors_ : nullptr;
        key_ = key;
        on_device.reset();
        for (const float more : {1, 10, 100}) {
            const float share = least_damping * more;
            std::vector<float> matrix = h();
            diagonal.resize(matrix_columns(matrix));
            for (size_t j = 0; j < diagonal.size(); j++) diagonal[j] = matrix[j * diagonal.size() + j];
            damping = share;
            usable_ = factor(diagonal.size(), matrix, share, threads_, [&](auto & blocks, auto & m) { return remainder(blocks, m); }, factors_);
            if (!usable_) continue;
            if (device_ != nullptr) on_device = DeviceFactors::load(*device_, factors_, threads_);
            return &factors_;
        }
        return nullptr;
    }

    float damping = 0;
    /// Mean squares by column: the importance for nearest rounding.
    std::vector<float> diagonal;
    /// Null if the factors are in host memory alone.
    std::unique_ptr<DeviceFactors> on_device;

private:
    static size_t matrix_columns(const std::vector<float> & matrix) { return (size_t) std::lround(std::sqrt((double) matrix.size())); }

    std::unique_ptr<Remainder> remainder(const std::vector<FactorBlock> & blocks, std::vector<float> & matrix) {
        std::unique_ptr<Remainder> made;
        if (device_ != nullptr) made = DeviceRemainder::load(*device_, blocks, diagonal.size(), matrix);
        return made ? std::move(made) : std::make_unique<HostRemainder>(diagonal.size(), matrix, threads_);
    }

    Device * device_;
    size_t threads_;
    std::string key_;
    Factors factors_;
    bool usable_ = false;
};

class JobRunner {
public:
    /// Computes the large products on `device` if it is not null.
    JobRunner(const GgufFile & model, const RoundSettings & settings, Device * device, RoundOutput & output)
        : model_(model), settings_(settings), device_(device), output_(output), cache_(device, settings.threads) {}

    /// Writes the tensor's bytes after the output's end. They are kept if feedback lowered the loss.
    JobResult run(const RoundJob & job, const std::string & input, InputMoments & moments) {
        const int64_t id = model_.find(job.tensor);
        if (id < 0) throw std::runtime_error("the model has no tensor " + job.tensor);
        const int64_t * shape = model_.shape(id);
        JobResult result;
        result.columns = shape[0], result.rows = shape[1];
        const size_t experts = shape[2] * shape[3];
        if (result.columns != moments.columns || (moments.tokens.size() != 1 && moments.tokens.size() != experts)) {
            throw std::runtime_error("the moments are not those of " + job.tensor);
        }
        for (const ggml_type type : job.types) result.types.push_back({type});
        for (size_t expert = 0; expert < experts; expert++) {
            const size_t matrix = moments.tokens.size() == 1 ? 0 : expert;
            const Factors * factors = cache_.get(input + "/" + std::to_string(matrix), settings_.damping, [&] { return moments.matrix(matrix, settings_.prior * moments.columns); });
            if (factors == nullptr) {
                result.damping.reset();
                return result;
            }
            result.damping = std::max(*result.damping, cache_.damping);
            run_expert(id, expert, *factors, matrix < moments.tokens.size() && moments.tokens.size() > 1 ? (double) moments.tokens[matrix] : 1, result);
        }
        result.feedback = true;
        for (const TypeResult & each : result.types) result.feedback = result.feedback && each.loss < each.nearest;
        return result;
    }

private:
    struct RowLosses {
        double loss, nearest;
    };

    void run_expert(int64_t id, size_t expert, const Factors & factors, double weight, JobResult & result) {
        const size_t all = result.rows, rows = settings_.sample == 0 ? all : std::min(all, settings_.sample);
        std::unique_ptr<DeviceProducts> on_device = device_products(result.columns, rows);
        HostProducts on_host(factors);
        Products & products = on_device ? (Products &) *on_device : on_host;
        // On the host, a thread a chunk: enough chunks to keep all threads busy, with at most 128 rows. The factors are read
        // once per chunk.
        const size_t chunk = on_device ? on_device->rows() : std::max(tile_rows, std::min<size_t>(128, (rows / settings_.threads + tile_rows - 1) / tile_rows * tile_rows));
        const size_t at_once = on_device ? 1 : settings_.threads;
        std::vector<std::vector<RowLosses>> losses(result.types.size(), std::vector<RowLosses>(rows));
        std::vector<double> signal(rows);
        std::vector<std::unique_ptr<Rounder>> rounders(at_once);
        parallel(at_once, (rows + chunk - 1) / chunk, [&](size_t piece, size_t thread) {
            if (!rounders[thread]) rounders[thread] = std::make_unique<Rounder>(factors, settings_.rounding, products, std::min(chunk, rows), settings_.threads / at_once);
            Rounder & rounder = *rounders[thread];
            const size_t first = piece * chunk, count = std::min(chunk, rows - first);
            std::vector<float> weights(count * result.columns);
            parallel(settings_.threads / at_once, (count + 127) / 128, [&](size_t part, size_t) {
                const size_t from = part * 128, now = std::min<size_t>(128, count - from);
                read_rows(id, expert, first + from, now, rows, result, weights.data() + from * result.columns);
            });
            std::vector<double> each(count);
            if (settings_.sample > 0) rounder.measure_weights(weights.data(), count, signal.data() + first);
            for (size_t t = 0; t < result.types.size(); t++) {
                const ggml_type type = result.types[t].type;
                const size_t row_bytes = ggml_row_size(type, result.columns);
                std::vector<uint8_t> bytes(count * row_bytes);
                rounder.measure_nearest(type, weights.data(), count, cache_.diagonal.data(), each.data());
                for (size_t r = 0; r < count; r++) losses[t][first + r].nearest = each[r];
                rounder.round(type, weights.data(), count, bytes.data(), each.data());
                for (size_t r = 0; r < count; r++) losses[t][first + r].loss = each[r];
                if (!ggml_validate_row_data(type, bytes.data(), bytes.size())) throw std::runtime_error(std::string("rounding made an invalid block of ") + ggml_type_name(type));
                if (output_.has_data()) output_.write(bytes.data(), bytes.size(), output_.end + (expert * all + first) * row_bytes);
            }
        });
        for (size_t t = 0; t < result.types.size(); t++) {
            for (const RowLosses & row : losses[t]) result.types[t].loss += weight * row.loss, result.types[t].nearest += weight * row.nearest;
            if (on_device && !std::isfinite(result.types[t].loss)) throw std::runtime_error("a loss is not a finite number");
        }
        for (const double each : signal) result.signal += weight * each;
    }

    /// Returns null if the products are computed on the CPU.
    std::unique_ptr<DeviceProducts> device_products(size_t columns, size_t rows) {
        if (device_ == nullptr) return nullptr;
        std::unique_ptr<DeviceProducts> made;
        if (cache_.on_device) made = DeviceProducts::open(*device_, *cache_.on_device, columns, rows, settings_.threads);
        if (!made) device_->note("has too little memory for inputs of " + std::to_string(columns) + " columns: their weights are rounded on the CPU");
        return made;
    }

    /// Reads rows [first, first + count) of the `rows` processed rows, which are spread over the whole weight.
    void read_rows(int64_t id, size_t expert, size_t first, size_t count, size_t rows, const JobResult & shape, float * values) const {
        const ggml_type type = model_.type(id);
        const size_t n = shape.columns, row_bytes = ggml_row_size(type, n);
        std::vector<uint8_t> raw(count * row_bytes);
        if (rows == shape.rows) model_.read(id, (expert * rows + first) * row_bytes, raw.size(), raw.data());
        else {
            for (size_t r = 0; r < count; r++) model_.read(id, (expert * shape.rows + (first + r) * shape.rows / rows) * row_bytes, row_bytes, raw.data() + r * row_bytes);
        }
        if (type == GGML_TYPE_F32) std::memcpy(values, raw.data(), raw.size());
        else ggml_get_type_traits(type)->to_float(raw.data(), values, count * n);
        for (size_t i = 0; i < count * n; i++) {
            if (!std::isfinite(values[i])) throw std::runtime_error(std::string("a weight is not a finite number in ") + ggml_type_name(type));
        }
    }

    const GgufFile & model_;
    RoundSettings settings_;
    Device * device_;
    RoundOutput & output_;
    FactorCache cache_;
};
