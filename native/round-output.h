// The outputs of rounding: the bytes of tensors one after the other, and an index with one line of JSON per tensor, written
// after the tensor's bytes. A killed run resumes after the last complete line.
#pragma once

#include <cinttypes>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

class RoundOutput {
public:
    /// Without a path for data, only the index is written.
    RoundOutput(const std::string & data, const std::string & index) : index_path_(index) {
        size_t whole = 0;
        if (FILE * old = std::fopen(index.c_str(), "rb")) {
            std::string line;
            for (int c; (c = std::fgetc(old)) != EOF;) {
                line.push_back((char) c);
                if (c != '\n') continue;
                whole += line.size();
                remember(line);
                line.clear();
            }
            std::fclose(old);
        }
        index_ = open(index.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        data_ = data.empty() ? -1 : open(data.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (index_ < 0 || (!data.empty() && data_ < 0)) throw std::runtime_error("cannot write " + (index_ < 0 ? index : data));
        if (ftruncate(index_, whole) != 0 || lseek(index_, 0, SEEK_END) < 0) throw std::runtime_error("cannot write " + index);
        drop(end);
    }
    RoundOutput(const RoundOutput &) = delete;
    ~RoundOutput() {
        close(index_);
        if (data_ >= 0) close(data_);
    }

    /// Offset of the next tensor's bytes.
    uint64_t end = 0;

    bool has_data() const { return data_ >= 0; }
    bool is_done(const std::string & tensor) const { return done_.count(tensor) > 0; }

    void write(const void * bytes, size_t size, uint64_t at) {
        for (const char * from = (const char *) bytes; size > 0;) {
            const ssize_t wrote = pwrite(data_, from, size, at);
            if (wrote <= 0) throw std::runtime_error("cannot write the rounded tensors");
            from += wrote, at += wrote, size -= wrote;
        }
    }

    /// Discards the bytes from `at` on.
    void drop(uint64_t at) {
        if (data_ >= 0 && ftruncate(data_, at) != 0) throw std::runtime_error("cannot write the rounded tensors");
        end = at;
    }

    /// Adds a line, which commits the tensor's bytes.
    void finish(const std::string & line) {
        if ((data_ >= 0 && fsync(data_) != 0) || ::write(index_, line.data(), line.size()) != (ssize_t) line.size() || fsync(index_) != 0) {
            throw std::runtime_error("cannot write " + index_path_);
        }
    }

private:
    void remember(const std::string & line) {
        char name[256];
        if (std::sscanf(line.c_str(), "{\"tensor\":\"%255[^\"]\"", name) == 1) done_.insert(name);
        uint64_t offset, bytes;
        const size_t at = line.find("\"offset\":");
        if (at != std::string::npos && std::sscanf(line.c_str() + at, "\"offset\":%" SCNu64 ",\"bytes\":%" SCNu64, &offset, &bytes) == 2) end = offset + bytes;
    }

    std::string index_path_;
    int index_, data_;
    std::set<std::string> done_;
};
