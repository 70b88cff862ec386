// Products X^T X of a batch of inputs, as ggml matrix products on a backend. Computes one block of rows of the upper
// triangle at a time, which avoids a second n x n matrix.
#pragma once

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml.h"

class InputProduct {
public:
    InputProduct(int threads) : backend_(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr)) {
        if (backend_ == nullptr) throw std::runtime_error("no CPU backend");
        ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(ggml_backend_get_device(backend_));
        auto set_threads = (ggml_backend_set_n_threads_t) ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_n_threads");
        if (set_threads != nullptr) set_threads(backend_, threads);
    }
    ~InputProduct() { ggml_backend_free(backend_); }

    /// Adds x x^T of `tokens` inputs to `totals`, an upper triangle with its diagonal, row by row, in F64, since
    /// thousands of batches are summed. `transposed` has n rows of `tokens` values.
    void add(const std::vector<float> & transposed, int64_t n, int64_t tokens, double * totals) {
        for (int64_t first = 0; first < n; first += block_) {
            const int64_t rows = std::min(block_, n - first);
            const float * product = multiply(transposed.data() + first * tokens, n - first, rows, tokens);
            for (int64_t i = 0; i < rows; i++) {
                const float * from = product + i * (n - first) + i;
                double * to = totals + row_start(n, first + i);
                for (int64_t j = 0; j < n - first - i; j++) to[j] += from[j];
            }
        }
    }

    static size_t triangle_size(size_t n) { return n * (n + 1) / 2; }
    static size_t row_start(size_t n, size_t i) { return i * (2 * n - i + 1) / 2; }

private:
    /// Multiplies the first `rows` of `columns` vectors with all of them.
    const float * multiply(const float * vectors, int64_t columns, int64_t rows, int64_t tokens) {
        ggml_init_params params = {8 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true};
        ggml_context * context = ggml_init(params);
        ggml_tensor * all = ggml_new_tensor_2d(context, GGML_TYPE_F32, tokens, columns);
        ggml_tensor * some = ggml_view_2d(context, all, tokens, rows, all->nb[1], 0);
        ggml_tensor * product = ggml_mul_mat(context, all, some);
        ggml_cgraph * graph = ggml_new_graph(context);
        ggml_build_forward_expand(graph, product);
        ggml_backend_buffer_t buffer = ggml_backend_alloc_ctx_tensors(context, backend_);
        if (buffer == nullptr) throw std::runtime_error("no memory for a product");
        ggml_backend_tensor_set(all, vectors, 0, ggml_nbytes(all));
        const ggml_status status = ggml_backend_graph_compute(backend_, graph);
        result_.resize(rows * columns);
        ggml_backend_tensor_get(product, result_.data(), 0, ggml_nbytes(product));
        ggml_backend_buffer_free(buffer);
        ggml_free(context);
        if (status != GGML_STATUS_SUCCESS) throw std::runtime_error("a product failed");
        return result_.data();
    }

    static constexpr int64_t block_ = 256;
    ggml_backend_t backend_;
    std::vector<float> result_;
};
