// The sums of an unfinished run, for resuming after a kill. Only the program that wrote the state reads it. `identity`
// identifies the inputs; a state with another identity is ignored.
#pragma once

#include "moments-files.h"

namespace moments_state {

template <typename T>
bool put(FILE * file, const std::vector<T> & values) {
    const uint64_t size = values.size();
    return GgufWriter::put(file, &size, sizeof size) && GgufWriter::put(file, values.data(), size * sizeof(T));
}

inline bool put(FILE * file, const std::string & text) { return put(file, std::vector<char>(text.begin(), text.end())); }

template <typename T>
bool get(FILE * file, std::vector<T> & values) {
    uint64_t size = 0;
    if (std::fread(&size, sizeof size, 1, file) != 1 || size > ((uint64_t) 1 << 40) / sizeof(T)) return false;
    values.resize(size);
    return std::fread(values.data(), sizeof(T), size, file) == size;
}

inline bool get(FILE * file, std::string & text) {
    std::vector<char> characters;
    const bool ok = get(file, characters);
    text.assign(characters.begin(), characters.end());
    return ok;
}

/// Writes the sums after `chunks` chunks.
inline void save(const std::string & path, const std::string & identity, int64_t chunks, const MomentsCollector & seen) {
    replace_file(path, [&](FILE * file) {
        bool ok = put(file, identity) && put(file, std::vector<int64_t>{chunks, (int64_t) seen.owners.size(), (int64_t) seen.sums.size()});
        for (const auto & [name, owner] : seen.owners) ok = ok && put(file, name) && put(file, owner);
        for (const auto & [name, sums] : seen.sums) {
            ok = ok && put(file, name) && put(file, std::vector<int64_t>{sums.columns, sums.in_imatrix, (int64_t) sums.totals.size()});
            ok = ok && put(file, sums.squares) && put(file, sums.counts);
            for (const std::vector<double> & totals : sums.totals) ok = ok && put(file, totals);
        }
        return ok;
    });
}

/// Reads the state into `seen` and returns its number of chunks; 0 without a state for these inputs.
inline int64_t load(const std::string & path, const std::string & identity, MomentsCollector & seen) {
    FILE * opened = std::fopen(path.c_str(), "rb");
    if (opened == nullptr) return 0;
    std::unique_ptr<FILE, int (*)(FILE *)> file(opened, std::fclose);
    std::string of;
    std::vector<int64_t> numbers;
    if (!get(file.get(), of) || of != identity || !get(file.get(), numbers) || numbers.size() != 3) return 0;
    std::map<std::string, std::string> owners;
    std::map<std::string, InputSums> sums;
    bool ok = true;
    for (int64_t i = 0; ok && i < numbers[1]; i++) {
        std::string name;
        ok = get(file.get(), name) && get(file.get(), owners[name]);
    }
    for (int64_t i = 0; ok && i < numbers[2]; i++) {
        std::string name;
        std::vector<int64_t> shape;
        ok = get(file.get(), name) && get(file.get(), shape) && shape.size() == 3;
        if (!ok) break;
        InputSums & each = sums[name];
        each.columns = shape[0];
        each.in_imatrix = shape[1] != 0;
        each.totals.resize(shape[2]);
        ok = get(file.get(), each.squares) && get(file.get(), each.counts);
        for (std::vector<double> & totals : each.totals) ok = ok && get(file.get(), totals);
    }
    if (!ok) return 0;
    seen.owners = std::move(owners);
    seen.sums = std::move(sums);
    return numbers[0];
}

}  // namespace moments_state
