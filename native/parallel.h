// Distributes independent pieces of work over threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

/// Calls `work(piece, thread)` for each piece below `pieces`. Rethrows the first exception after all threads have ended.
template <typename Work>
void parallel(size_t threads, size_t pieces, Work work) {
    std::atomic<size_t> next{0};
    std::exception_ptr failure;
    std::mutex mutex;
    auto run = [&](size_t thread) {
        try {
            for (size_t piece; (piece = next++) < pieces;) work(piece, thread);
        } catch (...) {
            std::lock_guard<std::mutex> lock(mutex);
            if (!failure) failure = std::current_exception();
            next = pieces;
        }
    };
    std::vector<std::thread> others;
    for (size_t t = 1; t < std::min(threads, pieces); t++) others.emplace_back(run, t);
    run(0);
    for (std::thread & each : others) each.join();
    if (failure) std::rethrow_exception(failure);
}
