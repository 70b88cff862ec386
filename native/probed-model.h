// A loaded model whose tensors are overwritten and restored in memory. The file is only read.
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "ggml-backend.h"
#include "gguf.h"
#include "llama.h"
// Declares llama_internal_get_tensor_map.
#include "llama-model.h"

/// Bytes of a file. Throws if the file is missing or too short.
struct FilePart {
    std::string path;
    size_t offset = 0;

    void read(void * into, size_t bytes) const {
        const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
        if (!file || fseeko(file.get(), (off_t) offset, SEEK_SET) != 0 || std::fread(into, 1, bytes, file.get()) != bytes) {
            throw std::runtime_error("failed to read " + std::to_string(bytes) + " bytes of " + path);
        }
    }
};

class ProbedModel {
public:
    ProbedModel(const llama_model * model, const std::string & path) {
        // llama.cpp loads a tied embedding twice if it is on different backends as input and as output.
        for (const auto & [name, tensor] : llama_internal_get_tensor_map(model)) tensors_[name].push_back(tensor);
        gguf_init_params params = {/*no_alloc*/ true, /*ctx*/ nullptr};
        const std::unique_ptr<gguf_context, void (*)(gguf_context *)> file(gguf_init_from_file(path.c_str(), params), &gguf_free);
        if (!file) throw std::runtime_error("failed to read the header of " + path);
        for (int64_t i = 0; i < gguf_get_n_tensors(file.get()); i++) {
            originals_[gguf_get_tensor_name(file.get(), i)] = {path, gguf_get_data_offset(file.get()) + gguf_get_tensor_offset(file.get(), i)};
        }
    }

    /// Overwrites a tensor with `values` of its own type. llama.cpp ignores some tensors of a file; they have no effect.
    void write(const std::string & name, const FilePart & values) {
        original_of(name);
        for (ggml_tensor * tensor : tensors_[name]) {
            overwrite(tensor, values);
            changed_.insert(tensor);
        }
    }

    void restore(const std::string & name) {
        const FilePart & values = original_of(name);
        for (ggml_tensor * tensor : tensors_[name]) {
            overwrite(tensor, values);
            changed_.erase(tensor);
        }
    }

    /// The tensors that are overwritten now.
    const std::set<const ggml_tensor *> & changed() const { return changed_; }

private:
    const FilePart & original_of(const std::string & name) const {
        const auto found = originals_.find(name);
        if (found == originals_.end()) throw std::runtime_error("the model has no tensor " + name);
        return found->second;
    }

    static void overwrite(ggml_tensor * tensor, const FilePart & values) {
        const size_t bytes = ggml_nbytes(tensor);
        if (ggml_backend_buffer_is_host(tensor->buffer)) return values.read(tensor->data, bytes);
        // Devices convert the layout of a tensor, and some accept only whole tensors.
        std::vector<char> copy(bytes);
        values.read(copy.data(), bytes);
        ggml_backend_tensor_set(tensor, copy.data(), 0, bytes);
    }

    /// By name, where the file has the tensor's values.
    std::map<std::string, FilePart> originals_;
    std::map<std::string, std::vector<ggml_tensor *>> tensors_;
    std::set<const ggml_tensor *> changed_;
};
