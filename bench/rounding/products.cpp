// Measures the rate of the matrix products of llama-round on one core: prints the best of ten runs in GFLOP/s.
#include <chrono>
#include <cstdio>

#include "../../native/sgemm.h"

int main() {
    constexpr size_t depth = 4096, columns = 240, tiles = 8, runs = 10;
    std::vector<float> left(tiles * depth * tile_rows, 0.5f), out(tiles * output_stride(columns));
    Panels right(depth, columns);
    for (float & value : right.values) value = 0.25f;
    double best = 0;
    for (size_t run = 0; run < runs; run++) {
        const auto start = std::chrono::steady_clock::now();
        add_product(tiles, left.data(), depth * tile_rows, right, 0, depth, out.data());
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        best = std::max(best, 2.0 * tiles * tile_rows * depth * columns / seconds);
    }
    std::printf("%.1f\n", best / 1e9);
    return out[0] > 0 ? 0 : 1;
}
