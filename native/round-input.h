// The inputs of rounding: tensors of a 16-bit or 32-bit GGUF file, and second moments from the files of moments.cpp.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "gguf.h"
#include "packed-moments.h"

/// A GGUF file, read on demand.
class GgufFile {
public:
    explicit GgufFile(const std::string & path) : path_(path), gguf_(gguf_init_from_file(path.c_str(), {true, nullptr})), file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (gguf_ == nullptr || file_ < 0) throw std::runtime_error("cannot read " + path);
    }
    GgufFile(const GgufFile &) = delete;
    ~GgufFile() {
        gguf_free(gguf_);
        close(file_);
    }

    /// -1 if absent.
    int64_t find(const std::string & name) const { return gguf_find_tensor(gguf_, name.c_str()); }
    ggml_type type(int64_t id) const { return gguf_get_tensor_type(gguf_, id); }
    const int64_t * shape(int64_t id) const { return gguf_get_tensor_ne(gguf_, id); }

    void read(int64_t id, size_t at, size_t bytes, void * to) const {
        size_t from = gguf_get_data_offset(gguf_) + gguf_get_tensor_offset(gguf_, id) + at;
        for (char * into = (char *) to; bytes > 0;) {
            const ssize_t got = pread(file_, into, bytes, from);
            if (got <= 0) throw std::runtime_error("cannot read " + path_);
            into += got, from += got, bytes -= got;
        }
    }

    std::vector<std::string> strings(const char * key) const {
        const int64_t id = gguf_find_key(gguf_, key);
        if (id < 0) throw std::runtime_error(path_ + " has no " + key);
        std::vector<std::string> values;
        for (size_t i = 0; i < gguf_get_arr_n(gguf_, id); i++) values.push_back(gguf_get_arr_str(gguf_, id, i));
        return values;
    }

private:
    std::string path_;
    gguf_context * gguf_;
    int file_;
};

/// The second moments of one input: one matrix, or one an expert.
class InputMoments {
public:
    InputMoments(const GgufFile & file, const std::string & name) : file_(file), correlations_(require(name + ".correlations")), diagonal_(require(name + ".diagonal")) {
        const int64_t * shape = file.shape(diagonal_);
        columns = shape[0];
        tokens.resize(shape[1]);
        file.read(require(name + ".tokens"), 0, tokens.size() * sizeof(int32_t), tokens.data());
    }

    size_t columns;
    std::vector<int32_t> tokens;

    /// Returns the matrix of one expert, combined with the mean of all experts, which has the weight of `prior` tokens:
    /// n columns need about n tokens.
    std::vector<float> matrix(size_t expert, double prior) {
        std::vector<float> h(columns * columns, 0.0f);
        if (tokens.size() == 1) {
            add(0, 1, h);
            return h;
        }
        const double weight = tokens[expert] / (tokens[expert] + prior);
        if (weight < 1) {
            if (mean_.empty()) average();
            for (size_t i = 0; i < h.size(); i++) h[i] = (float) (1 - weight) * mean_[i];
        }
        std::vector<float> own(columns * columns, 0.0f);
        add(expert, (float) weight, own);
        for (size_t i = 0; i < h.size(); i++) h[i] += own[i];
        return h;
    }

private:
    int64_t require(const std::string & name) const {
        const int64_t id = file_.find(name);
        if (id < 0) throw std::runtime_error("no tensor " + name + " among the moments");
        return id;
    }

    void average() {
        double all = 0;
        for (const int32_t count : tokens) all += count;
        mean_.assign(columns * columns, 0.0f);
        for (size_t e = 0; e < tokens.size(); e++) {
            std::vector<float> own(columns * columns, 0.0f);
            add(e, (float) (tokens[e] / std::max(all, 1.0)), own);
            for (size_t i = 0; i < own.size(); i++) mean_[i] += own[i];
        }
    }

    void add(size_t expert, float weight, std::vector<float> & h) const {
        std::vector<float> diagonal(columns);
        std::vector<int16_t> triangle(packed_moments::triangle_size(columns));
        file_.read(diagonal_, expert * columns * sizeof(float), columns * sizeof(float), diagonal.data());
        file_.read(correlations_, expert * triangle.size() * sizeof(int16_t), triangle.size() * sizeof(int16_t), triangle.data());
        packed_moments::add_unpacked(columns, diagonal.data(), triangle.data(), weight, h.data());
    }

    const GgufFile & file_;
    int64_t correlations_, diagonal_;
    std::vector<float> mean_;
};
