// KL divergence of logits from stored log-probabilities of the base, with the formulas of llama-perplexity (`log_softmax` in
// tools/perplexity/perplexity.cpp), so that both print the same numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "base-logits.h"
#include "parallel.h"

/// Divergence in nats of one token. `base` is a row of BaseLogits.
inline double token_divergence(const float * logits, const uint16_t * base, int vocabulary) {
    float max_logit = logits[0];
    for (int i = 1; i < vocabulary; i++) max_logit = std::max(max_logit, logits[i]);
    double sum_exp = 0;
    for (int i = 0; i < vocabulary; i++) sum_exp += expf(logits[i] - max_logit);
    // Summed in 32 bits, like there.
    max_logit += (float) std::log(sum_exp);
    float scale, minimum;
    std::memcpy(&scale, base, sizeof scale);
    std::memcpy(&minimum, base + 2, sizeof minimum);
    double sum = 0;
    for (int i = 0; i < vocabulary; i++) {
        const float log_base = scale * base[4 + i] + minimum;
        if (log_base > -16.f) sum += expf(log_base) * (log_base - logits[i] + max_logit);
    }
    return sum;
}

/// Means over the scored tokens, in nats. The order of summation does not depend on the number of threads.
class DivergenceSums {
public:
    std::vector<double> chunk_means;

    /// Adds the chunk whose rows are `rows`; `logits` starts with those of the first scored token.
    void add_chunk(const BaseLogits & base, const float * logits, const std::vector<uint16_t> & rows, int threads) {
        std::vector<double> values(base.scored());
        parallel(threads, values.size(), [&](size_t i, size_t) {
            values[i] = token_divergence(logits + i * base.vocabulary, rows.data() + i * base.row_size(), base.vocabulary);
        });
        double sum = 0;
        for (const double value : values) {
            sum += value;
            squares_ += value * value;
        }
        sum_ += sum;
        count_ += values.size();
        chunk_means.push_back(sum / values.size());
    }

    size_t count() const { return count_; }
    double mean() const { return sum_ / count_; }

    /// One standard error of the mean. Rounding can make the variance of equal models negative.
    double error() const {
        const double variance = squares_ / count_ - mean() * mean();
        if (std::isnan(variance)) return variance;
        return variance > 0 && count_ > 10 ? std::sqrt(variance / (count_ - 1)) : 0;
    }

private:
    double sum_ = 0, squares_ = 0;
    size_t count_ = 0;
};
