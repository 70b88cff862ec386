// The files that moments.cpp writes: the imatrix, the second moments, and the state for resuming an interrupted run.
#pragma once

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "gguf.h"
#include "moments-collector.h"
#include "packed-moments.h"

/// Writes `path` atomically: a reader finds the old file or the complete new one, even after a power failure.
template <typename Write>
void replace_file(const std::string & path, Write write) {
    const std::string temporary = path + ".tmp";
    FILE * file = std::fopen(temporary.c_str(), "wb");
    bool ok = file != nullptr && write(file) && std::fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (file != nullptr && std::fclose(file) != 0) ok = false;
    if (ok && std::rename(temporary.c_str(), path.c_str()) == 0) return;
    std::remove(temporary.c_str());
    throw std::runtime_error("cannot write " + path);
}

/// Writes a GGUF file tensor by tensor, since all tensors may not fit into memory.
class GgufWriter {
public:
    GgufWriter() : gguf(gguf_init_empty()) {}
    ~GgufWriter() {
        gguf_free(gguf);
        for (ggml_context * each : contexts_) ggml_free(each);
    }

    void add(const std::string & name, ggml_type type, int64_t ne0, int64_t ne1) {
        ggml_context * own = ggml_init({2 * ggml_tensor_overhead(), nullptr, true});
        contexts_.push_back(own);
        ggml_tensor * tensor = ggml_new_tensor_2d(own, type, ne0, ne1);
        ggml_set_name(tensor, name.c_str());
        gguf_add_tensor(gguf, tensor);
    }

    /// `fill(file)` writes the data of all tensors in order, each padded by `pad`.
    template <typename Fill>
    void write(const std::string & path, Fill fill) {
        replace_file(path, [&](FILE * file) { return gguf_write_to_file_ptr(gguf, file, true) && fill(file); });
    }

    static bool put(FILE * file, const void * data, size_t bytes) { return std::fwrite(data, 1, bytes, file) == bytes; }

    /// Ends a tensor of `bytes`.
    static bool pad(FILE * file, size_t bytes) {
        static const char zeros[GGUF_DEFAULT_ALIGNMENT] = {};
        return put(file, zeros, (GGUF_DEFAULT_ALIGNMENT - bytes % GGUF_DEFAULT_ALIGNMENT) % GGUF_DEFAULT_ALIGNMENT);
    }

    gguf_context * gguf;

private:
    std::vector<ggml_context *> contexts_;
};

inline void set_strings(gguf_context * gguf, const char * key, const std::vector<std::string> & values) {
    std::vector<const char *> pointers;
    for (const std::string & value : values) pointers.push_back(value.c_str());
    gguf_set_arr_str(gguf, key, pointers.data(), pointers.size());
}

/// Writes the imatrix in llama-imatrix's format.
inline void write_imatrix(const std::string & path, const MomentsCollector & seen, const std::string & dataset, uint32_t chunk_size) {
    GgufWriter writer;
    std::vector<const std::string *> names;
    int64_t most = 0;
    for (const auto & [name, owner] : seen.owners) {
        const auto found = seen.sums.find(owner);
        if (found == seen.sums.end() || !found->second.in_imatrix) continue;
        const InputSums & sums = found->second;
        names.push_back(&name);
        for (const int64_t count : sums.counts) most = std::max(most, count);
        writer.add(name + ".in_sum2", GGML_TYPE_F32, sums.squares.size() / sums.counts.size(), sums.counts.size());
        writer.add(name + ".counts", GGML_TYPE_F32, 1, sums.counts.size());
    }
    gguf_set_val_str(writer.gguf, "general.type", "imatrix");
    set_strings(writer.gguf, "imatrix.datasets", {dataset});
    gguf_set_val_u32(writer.gguf, "imatrix.chunk_count", most / chunk_size);
    gguf_set_val_u32(writer.gguf, "imatrix.chunk_size", chunk_size);
    writer.write(path, [&](FILE * file) {
        bool ok = true;
        for (const std::string * name : names) {
            const InputSums & sums = seen.sums.at(seen.owners.at(*name));
            const std::vector<float> counts(sums.counts.begin(), sums.counts.end());
            const size_t squares_bytes = sums.squares.size() * sizeof(float), counts_bytes = counts.size() * sizeof(float);
            ok = ok && writer.put(file, sums.squares.data(), squares_bytes) && writer.pad(file, squares_bytes);
            ok = ok && writer.put(file, counts.data(), counts_bytes) && writer.pad(file, counts_bytes);
        }
        return ok;
    });
}

/// Writes the second moments; moments.cpp describes the format.
inline void write_moments(const std::string & path, const MomentsCollector & seen) {
    GgufWriter writer;
    std::vector<std::string> weights, owners;
    for (const auto & [name, owner] : seen.owners) {
        const auto found = seen.sums.find(owner);
        if (found == seen.sums.end() || found->second.totals.empty()) continue;
        weights.push_back(name);
        owners.push_back(owner);
        if (name != owner) continue;
        const int64_t n = found->second.columns, matrices = found->second.totals.size();
        writer.add(name + ".correlations", GGML_TYPE_I16, packed_moments::triangle_size(n), matrices);
        writer.add(name + ".diagonal", GGML_TYPE_F32, n, matrices);
        writer.add(name + ".tokens", GGML_TYPE_I32, matrices, 1);
    }
    gguf_set_val_str(writer.gguf, "general.type", "moments");
    set_strings(writer.gguf, "moments.weights", weights);
    set_strings(writer.gguf, "moments.inputs", owners);
    writer.write(path, [&](FILE * file) {
        bool ok = true;
        for (size_t w = 0; w < weights.size(); w++) {
            if (weights[w] != owners[w]) continue;
            const InputSums & sums = seen.sums.at(weights[w]);
            const size_t n = sums.columns, matrices = sums.totals.size();
            std::vector<int32_t> tokens(sums.counts.begin(), sums.counts.end());
            if (tokens.size() > matrices) {
                int64_t all = 0;
                for (const int32_t count : tokens) all += count;
                tokens.assign(1, (int32_t) all);
            }
            tokens.resize(matrices, tokens[0]);
            std::vector<float> diagonals(n * matrices);
            std::vector<int16_t> triangle(packed_moments::triangle_size(n));
            for (size_t m = 0; m < matrices; m++) {
                const std::vector<double> & totals = sums.totals[m];
                const double mean = tokens[m] > 0 ? 1.0 / tokens[m] : 0;
                float * diagonal = diagonals.data() + m * n;
                for (size_t i = 0; i < n; i++) diagonal[i] = (float) (totals[InputProduct::row_start(n, i)] * mean);
                for (size_t i = 0; i < n; i++) {
                    const double * row = totals.data() + InputProduct::row_start(n, i);
                    packed_moments::pack_row(n, i, diagonal, triangle.data(), [&](size_t j) { return row[j - i] * mean; });
                }
                ok = ok && writer.put(file, triangle.data(), triangle.size() * sizeof(int16_t));
            }
            ok = ok && writer.pad(file, triangle.size() * sizeof(int16_t) * matrices);
            ok = ok && writer.put(file, diagonals.data(), diagonals.size() * sizeof(float)) && writer.pad(file, diagonals.size() * sizeof(float));
            ok = ok && writer.put(file, tokens.data(), tokens.size() * sizeof(int32_t)) && writer.pad(file, tokens.size() * sizeof(int32_t));
        }
        return ok;
    });
}
