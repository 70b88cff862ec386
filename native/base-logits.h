// Reads the log-probabilities that `llama-perplexity --save-all-logits` stores, one chunk at a time: `_logits_`, then context,
// vocabulary and chunks as I32, every token as I32, and for each scored token a row of U16: scale and minimum as two F32, then
// one number for each entry of the vocabulary, padded to an even count.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "llama.h"

class BaseLogits {
public:
    int32_t context = 0, vocabulary = 0, chunks = 0;
    std::vector<llama_token> tokens;

    explicit BaseLogits(const std::string & path) : file_(std::fopen(path.c_str(), "rb"), &std::fclose) {
        if (!file_) throw std::runtime_error("failed to open " + path);
        char magic[8];
        read(magic, sizeof magic);
        if (std::memcmp(magic, "_logits_", sizeof magic) != 0) throw std::runtime_error(path + " has no log-probabilities");
        read(&context, sizeof context);
        read(&vocabulary, sizeof vocabulary);
        read(&chunks, sizeof chunks);
        if (context < 4 || vocabulary < 1 || chunks < 1) throw std::runtime_error(path + " has no chunks");
        tokens.resize((size_t) context * chunks);
        read(tokens.data(), tokens.size() * sizeof tokens[0]);
        start_ = ftello(file_.get());
    }

    /// Position of the first scored token of a chunk.
    int first_scored() const { return context / 2; }
    /// Scored tokens of a chunk. The last token has no successor.
    int scored() const { return context - 1 - context / 2; }
    /// Number of U16 in a row.
    size_t row_size() const { return 2 * (((size_t) vocabulary + 1) / 2) + 4; }

    /// Reads the rows of one chunk into `rows`.
    void read_chunk(int chunk, std::vector<uint16_t> & rows) const {
        rows.resize(scored() * row_size());
        const size_t bytes = rows.size() * sizeof rows[0];
        if (fseeko(file_.get(), start_ + (off_t) (chunk * bytes), SEEK_SET) != 0) throw std::runtime_error("failed to seek in the log-probabilities");
        read(rows.data(), bytes);
    }

private:
    void read(void * into, size_t bytes) const {
        if (std::fread(into, 1, bytes, file_.get()) != bytes) throw std::runtime_error("the file of log-probabilities is truncated");
    }

    std::unique_ptr<FILE, int (*)(FILE *)> file_;
    off_t start_ = 0;
};
