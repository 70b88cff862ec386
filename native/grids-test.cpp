// Unpacks and repacks blocks quantized by ggml. Requires the same bytes, and the same values as ggml's dequantization.
// Build it like the programs of build.sh. Prints a line per type and exits with 1 if a type differs.

#include <cstdio>
#include <random>
#include <vector>

#include "tile.h"

int main() {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    bool ok = true;
    for (const Grid & grid : grids) {
        constexpr int columns = 256;
        const size_t bytes = ggml_row_size(grid.type, columns);
        std::vector<float> weights(tile_rows * columns), importance(columns), values(weights.size());
        for (float & each : weights) each = normal(random);
        for (float & each : importance) each = 0.1f + normal(random) * normal(random) + 1;
        std::vector<uint8_t> packed(tile_rows * bytes), again(packed.size(), 0xff);
        ggml_quantize_chunk(grid.type, weights.data(), packed.data(), 0, tile_rows, columns, importance.data());
        ggml_get_type_traits(grid.type)->to_float(packed.data(), values.data(), values.size());
        Tile tile;
        load_rows(grid, packed.data(), bytes, tile_rows, columns, tile);
        store_rows(grid, tile, tile_rows, again.data(), bytes);
        std::vector<float> read(columns * tile_rows);
        values_of(grid, tile, read.data());
        float worst = 0;
        for (int j = 0; j < columns; j++) {
            for (size_t r = 0; r < tile_rows; r++) worst = std::fmax(worst, std::fabs(read[j * tile_rows + r] - values[r * columns + j]));
        }
        const bool same = packed == again && worst < 1e-6f;
        ok = ok && same;
        std::printf("%s %s\n", ggml_type_name(grid.type), same ? "ok" : "differs");
    }
    return ok ? 0 : 1;
}
