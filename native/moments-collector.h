// Observes the matrix products of a model and sums their inputs: the squares of every column for the imatrix, and the whole
// second moment for error feedback, once per distinct input and expert.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "input-product.h"

/// The sums over the inputs of one weight.
struct InputSums {
    int64_t columns = 0;
    /// Empty for weights that only the imatrix needs, and for weights outside the range of layers.
    std::vector<std::vector<double>> totals;
    /// Sums of squares, columns x experts, summed like llama-imatrix, so that both write the same numbers.
    std::vector<float> squares;
    /// Tokens by expert.
    std::vector<int64_t> counts;
    bool in_imatrix = false;
};

struct CollectorOptions {
    int threads = 1;
    /// Layers with second moments: [first, last).
    int first_layer = 0;
    int last_layer = 1 << 30;
    bool with_output = true;
    /// One second moment for all experts of a layer. Half a gigabyte per layer and expert is too much for 128 experts.
    bool shared_experts = false;
};

class MomentsCollector {
public:
    explicit MomentsCollector(const CollectorOptions & options) : options_(options), product_(options.threads) {}

    /// Sums by the first weight that reads an input, and for every weight the owner of its sums.
    std::map<std::string, InputSums> sums;
    std::map<std::string, std::string> owners;

    /// An evaluation callback of ggml's scheduler.
    bool observe(ggml_tensor * t, bool ask) {
        if (t->op != GGML_OP_MUL_MAT && t->op != GGML_OP_MUL_MAT_ID) return false;
        const std::string name = plain_name(t->src[0]->name);
        if (!wanted(t, name)) return false;
        const std::string & owner = owner_of(name, t->src[1]);
        if (owner != name) return false;
        if (ask) return true;
        if (t->op == GGML_OP_MUL_MAT_ID) add_routed(name, t);
        else add_dense(name, t);
        return true;
    }

private:
    static std::string plain_name(const char * full) {
        // The scheduler names its copies on a device "CUDA0#blk.0.attn_k.weight#0".
        const char * start = std::strchr(full, '#');
        if (start == nullptr) return full;
        const char * end = std::strchr(start + 1, '#');
        return end == nullptr ? std::string(start + 1) : std::string(start + 1, end);
    }

    static bool is_output(const std::string & name) { return name == "output.weight" || name == "token_embd.weight"; }

    bool wanted(const ggml_tensor * t, const std::string & name) const {
        if (t->op == GGML_OP_MUL_MAT_ID) return true;
        if (t->src[1]->ne[1] < 16 || t->src[1]->type != GGML_TYPE_F32) return false;
        return name.compare(0, 4, "blk.") == 0 || (options_.with_output && is_output(name));
    }

    bool wants_totals(const ggml_tensor * weight, const std::string & name) const {
        // Routers stay in 32 bits. A weight that is not a plain matrix does not have a single input.
        if (weight->ne[1] == 1 || weight->ne[3] > 1 || name.find("_gate_inp") != std::string::npos) return false;
        if (is_output(name)) return true;
        const int layer = std::atoi(name.c_str() + 4);
        return layer >= options_.first_layer && layer < options_.last_layer;
    }

    /// Weights that read the same tensor in the first batch share its sums in all batches. Later batches reuse addresses
    /// for other tensors.
    const std::string & owner_of(const std::string & name, const ggml_tensor * input) {
        const auto known = owners.find(name);
        if (known != owners.end()) return known->second;
        const auto reader = readers_.find(input);
        return owners[name] = reader == readers_.end() ? (readers_[input] = name) : reader->second;
    }

    InputSums & sums_of(const std::string & name, const ggml_tensor * weight, int64_t columns, int64_t experts) {
        InputSums & found = sums[name];
        if (found.columns != 0) return found;
        found.columns = columns;
        found.squares.resize(columns * experts);
        found.counts.resize(experts);
        found.in_imatrix = !is_output(name);
        if (wants_totals(weight, name)) {
            found.totals.assign(options_.shared_experts ? 1 : experts, std::vector<double>(InputProduct::triangle_size(columns)));
        }
        return found;
    }

    const char * values_of(const ggml_tensor * t, std::vector<char> & copy) const {
        if (ggml_backend_buffer_is_host(t->buffer)) return (const char *) t->data;
        copy.resize(ggml_nbytes(t));
        ggml_backend_tensor_get(t, copy.data(), 0, copy.size());
        return copy.data();
    }

    void add_dense(const std::string & name, const ggml_tensor * t) {
        const ggml_tensor * x = t->src[1];
        const int64_t matrices = t->src[0]->ne[2] * t->src[0]->ne[3];
        InputSums & into = sums_of(name, t->src[0], x->ne[0], matrices);
        if (matrices > 1) into.counts.resize(1);
        const char * data = values_of(x, input_copy_);
        rows_.assign(matrices, {});
        for (int64_t i3 = 0; i3 < x->ne[3]; i3++) {
            for (int64_t i2 = 0; i2 < x->ne[2]; i2++) {
                const int64_t matrix = (i3 % t->src[0]->ne[3]) * t->src[0]->ne[2] + i2 % t->src[0]->ne[2];
                for (int64_t i1 = 0; i1 < x->ne[1]; i1++) {
                    rows_[matrix].push_back((const float *) (data + i1 * x->nb[1] + i2 * x->nb[2] + i3 * x->nb[3]));
                }
            }
        }
        into.counts[0] += ggml_nrows(x) / matrices;
        add_rows(name, into);
    }

    void add_routed(const std::string & name, const ggml_tensor * t) {
        const ggml_tensor * x = t->src[1];
        const ggml_tensor * ids = t->src[2];
        InputSums & into = sums_of(name, t->src[0], x->ne[0], t->src[0]->ne[2]);
        const char * data = values_of(x, input_copy_);
        const char * chosen = values_of(ids, ids_copy_);
        rows_.assign(into.counts.size(), {});
        for (int64_t slot = 0; slot < ids->ne[0]; slot++) {
            for (int64_t token = 0; token < x->ne[2]; token++) {
                const int32_t expert = *(const int32_t *) (chosen + token * ids->nb[1] + slot * ids->nb[0]);
                rows_[expert].push_back((const float *) (data + (slot % x->ne[1]) * x->nb[1] + token * x->nb[2]));
            }
        }
        for (size_t e = 0; e < rows_.size(); e++) into.counts[e] += rows_[e].size();
        add_rows(name, into);
    }

    /// Adds `rows_`, the inputs of each expert.
    void add_rows(const std::string & name, InputSums & into) {
        const int64_t n = into.columns;
        for (size_t e = 0; e < rows_.size(); e++) {
            float * squares = into.squares.data() + e * n;
            for (const float * x : rows_[e]) {
                for (int64_t j = 0; j < n; j++) squares[j] += x[j] * x[j];
            }
            for (int64_t j = 0; j < n; j++) {
                if (std::isfinite(squares[j])) continue;
                throw std::runtime_error("non-finite values detected in " + name);
            }
        }
        if (into.totals.empty()) return;
        if (into.totals.size() < rows_.size()) {
            for (size_t e = 1; e < rows_.size(); e++) rows_[0].insert(rows_[0].end(), rows_[e].begin(), rows_[e].end());
            rows_.resize(1);
        }
        for (size_t e = 0; e < rows_.size(); e++) {
            if (rows_[e].empty()) continue;
            product_.add(transpose(rows_[e], n), n, padded(rows_[e].size()), into.totals[e].data());
        }
    }

    /// ggml's kernels need whole vectors; the added rows are zero.
    static int64_t padded(int64_t tokens) { return (tokens + 31) / 32 * 32; }

    const std::vector<float> & transpose(const std::vector<const float *> & rows, int64_t n) {
        const int64_t tokens = padded(rows.size());
        transposed_.assign(n * tokens, 0.0f);
        constexpr int64_t tile = 16;
        for (int64_t first = 0; first < n; first += tile) {
            const int64_t end = std::min(first + tile, n);
            for (size_t i = 0; i < rows.size(); i++) {
                for (int64_t j = first; j < end; j++) transposed_[j * tokens + i] = rows[i][j];
            }
        }
        return transposed_;
    }

    CollectorOptions options_;
    InputProduct product_;
    std::map<const ggml_tensor *, std::string> readers_;
    std::vector<std::vector<const float *>> rows_;
    std::vector<float> transposed_;
    std::vector<char> input_copy_, ids_copy_;
};
