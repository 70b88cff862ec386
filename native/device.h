// A ggml device that multiplies matrices of 32-bit floats.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml.h"

/// Matrices in the memory of a device, allocated together. `columns` values of a row are adjacent.
class DeviceMatrices {
public:
    explicit DeviceMatrices(size_t count) : context_(ggml_init({count * ggml_tensor_overhead(), nullptr, true})) {}
    ~DeviceMatrices() {
        ggml_backend_buffer_free(buffer_);
        ggml_free(context_);
    }
    DeviceMatrices(const DeviceMatrices &) = delete;

    ggml_tensor * add(size_t columns, size_t rows) { return ggml_new_tensor_2d(context_, GGML_TYPE_F32, columns, rows); }

    size_t bytes() const {
        size_t sum = 0;
        for (ggml_tensor * t = ggml_get_first_tensor(context_); t != nullptr; t = ggml_get_next_tensor(context_, t)) sum += ggml_nbytes(t);
        return sum;
    }

    /// Returns false if the device has too little memory. All values are zero.
    bool allocate(ggml_backend_t backend) {
        buffer_ = ggml_backend_alloc_ctx_tensors(context_, backend);
        if (buffer_ != nullptr) ggml_backend_buffer_clear(buffer_, 0);
        return buffer_ != nullptr;
    }

private:
    ggml_context * context_;
    ggml_backend_buffer_t buffer_ = nullptr;
};

class Device {
public:
    using Build = std::function<ggml_tensor *(ggml_context *, ggml_cgraph *)>;

    /// Returns null, with a note, if the device cannot be used. Throws if it does not exist.
    static std::unique_ptr<Device> open(const std::string & name) {
        // Otherwise these backends multiply in 16 or 19 bits.
        setenv("GGML_VK_DISABLE_F16", "1", 1);
        setenv("GGML_VK_DISABLE_COOPMAT", "1", 1);
        setenv("GGML_VK_DISABLE_COOPMAT2", "1", 1);
        setenv("NVIDIA_TF32_OVERRIDE", "0", 1);
        ggml_backend_load_all();
        ggml_backend_dev_t found = ggml_backend_dev_by_name(name.c_str());
        if (found == nullptr) throw std::runtime_error("invalid device: " + name);
        std::unique_ptr<Device> device(new Device(found));
        const char * problem = device->find_problem();
        if (problem == nullptr) return device;
        device->note(std::string(problem) + ": rounding is computed on the CPU");
        return nullptr;
    }
    ~Device() {
        ggml_gallocr_free(allocator_);
        ggml_backend_free(backend_);
    }
    Device(const Device &) = delete;

    /// Allocates; false if the device has too little memory. The backend keeps some for itself.
    bool allocate(DeviceMatrices & matrices) const {
        size_t free = 0, total = 0;
        ggml_backend_dev_memory(device_, &free, &total);
        return matrices.bytes() + reserved <= free && matrices.allocate(backend_);
    }

    /// Runs the operations that `build` adds to a graph, and returns the result that it returns in `out`.
    void run(size_t operations, const Build & build, float * out) {
        // An operation has up to four views.
        const size_t tensors = 6 * operations;
        ggml_context * context = ggml_init({tensors * ggml_tensor_overhead() + ggml_graph_overhead_custom(tensors, false), nullptr, true});
        const std::unique_ptr<ggml_context, void (*)(ggml_context *)> owner(context, &ggml_free);
        ggml_cgraph * graph = ggml_new_graph_custom(context, tensors, false);
        ggml_tensor * result = build(context, graph);
        ggml_set_output(result);
        if (!ggml_gallocr_alloc_graph(allocator_, graph)) throw std::runtime_error("failed to allocate " + name() + " buffer for a product");
        if (ggml_backend_graph_compute(backend_, graph) != GGML_STATUS_SUCCESS) throw std::runtime_error("a product failed on " + name());
        if (out != nullptr) ggml_backend_tensor_get(result, out, 0, ggml_nbytes(result));
    }

    /// Row i, column j of the product is the product of row i of `right` and row j of `left`. Both must be contiguous: the
    /// Vulkan backend converts others to 16 bits.
    static ggml_tensor * multiply(ggml_context * context, ggml_tensor * left, ggml_tensor * right) {
        ggml_tensor * product = ggml_mul_mat(context, left, right);
        ggml_mul_mat_set_prec(product, GGML_PREC_F32);
        return product;
    }

    /// Prints a line on stderr, once.
    void note(const std::string & text) {
        if (notes_.insert(text).second) std::fprintf(stderr, "llama-round: note: %s %s\n", name().c_str(), text.c_str());
    }

private:
    explicit Device(ggml_backend_dev_t device) : device_(device), backend_(ggml_backend_dev_init(device, nullptr)) {
        if (backend_ == nullptr) throw std::runtime_error("failed to start the device " + name());
        allocator_ = ggml_gallocr_new(ggml_backend_get_default_buffer_type(backend_));
    }

    std::string name() const { return ggml_backend_dev_name(device_); }

    /// Compares a product with that of doubles.
    const char * find_problem() {
        constexpr size_t depth = 512, columns = 256, rows = 64;
        std::mt19937 random(1);
        std::vector<float> left(columns * depth), right(rows * depth), out(rows * columns);
        for (std::vector<float> * values : {&left, &right}) {
            for (float & value : *values) value = (float) random() / random.max() - 0.5f;
        }
        DeviceMatrices matrices(2);
        ggml_tensor * a = matrices.add(depth, columns), * b = matrices.add(depth, rows);
        if (!allocate(matrices)) return "has too little memory";
        ggml_backend_tensor_set(a, left.data(), 0, ggml_nbytes(a));
        ggml_backend_tensor_set(b, right.data(), 0, ggml_nbytes(b));
        run(1, [&](ggml_context * context, ggml_cgraph * graph) {
            ggml_tensor * product = multiply(context, a, b);
            ggml_build_forward_expand(graph, product);
            return product;
        }, out.data());
        double error = 0, norm = 0;
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < columns; j++) {
                double sum = 0;
                for (size_t k = 0; k < depth; k++) sum += (double) right[i * depth + k] * left[j * depth + k];
                error += (sum - out[i * columns + j]) * (sum - out[i * columns + j]);
                norm += sum * sum;
            }
        }
        // 24 bits give 2e-7, the 11 bits of halves and TF32 3e-4.
        return error <= 1e-10 * norm ? nullptr : "does not multiply in 32 bits";
    }

    static constexpr size_t reserved = 256u << 20;
    ggml_backend_dev_t device_;
    ggml_backend_t backend_;
    ggml_gallocr_t allocator_ = nullptr;
    std::set<std::string> notes_;
};
