// Included by kernels.h once per instruction set, inside a namespace.

static inline v8 splat(float x) { return x - v8{}; }

/// out[6][16] += left[depth][16] x right[depth][6].
static void add_product(size_t depth, const float * left, const float * right, float * out) {
    // Loops over sums are unrolled to keep the sums in registers.
    v8 sums[panel_columns][2];
#pragma GCC unroll 6
    for (size_t c = 0; c < panel_columns; c++) {
        sums[c][0] = *(const v8 *) (out + c * tile_rows);
        sums[c][1] = *(const v8 *) (out + c * tile_rows + 8);
    }
    for (size_t k = 0; k < depth; k++) {
        const v8 a = *(const v8 *) (left + k * tile_rows), b = *(const v8 *) (left + k * tile_rows + 8);
        const float * row = right + k * panel_columns;
#pragma GCC unroll 6
        for (size_t c = 0; c < panel_columns; c++) {
            const v8 x = splat(row[c]);
            sums[c][0] += a * x;
            sums[c][1] += b * x;
        }
    }
#pragma GCC unroll 6
    for (size_t c = 0; c < panel_columns; c++) {
        *(v8 *) (out + c * tile_rows) = sums[c][0];
        *(v8 *) (out + c * tile_rows + 8) = sums[c][1];
    }
}

/// The nearest level of an even grid. Adding and subtracting 1.5 x 2^23 rounds to integers, half to even.
static inline v8 nearest_even(v8 x, v8 low, v8 high) {
    const v8 magic = splat(12582912.0f);
    x = x < low ? low : x;
    x = x > high ? high : x;
    return (x + magic) - magic;
}

static inline v8 nearest_uneven(v8 x) {
    v8 level = splat(uneven_levels[0]);
    for (int k = 1; k < 16; k++) {
        const v8 middle = splat(0.5f * (uneven_levels[k - 1] + uneven_levels[k])), next = splat(uneven_levels[k]);
        level = x > middle ? next : level;
    }
    return level;
}

/// Chooses the levels column by column: the target of column j is target_j + sum over i < j of error_i x feedback_ij.
/// `error` contains the reference values on entry, and reference minus chosen value on return.
/// `feedback` is row-major, columns x columns, read right of its diagonal; `target` is overwritten.
static void choose_levels(const Grid & grid, Tile & tile, const float * feedback, float * target, float * error) {
    // Columns of a run feed each other directly. The feedback of earlier columns into a run is summed before it in registers.
    constexpr int run = 16, part = 4;
    const int n = tile.columns;
    const v8 low = splat((float) -grid.bias), high = splat((float) (grid.codes - 1 - grid.bias));
    for (int first = 0; first < n; first += run) {
        for (int at = first; at < first + run; at += part) {
            v8 sums[part][2];
#pragma GCC unroll 4
            for (int c = 0; c < part; c++) {
                sums[c][0] = *(v8 *) (target + (at + c) * tile_rows);
                sums[c][1] = *(v8 *) (target + (at + c) * tile_rows + 8);
            }
            for (int i = 0; i < first; i++) {
                const v8 a = *(const v8 *) (error + i * tile_rows), b = *(const v8 *) (error + i * tile_rows + 8);
#pragma GCC unroll 4
                for (int c = 0; c < part; c++) {
                    const v8 x = splat(feedback[i * n + at + c]);
                    sums[c][0] += a * x;
                    sums[c][1] += b * x;
                }
            }
#pragma GCC unroll 4
            for (int c = 0; c < part; c++) {
                *(v8 *) (target + (at + c) * tile_rows) = sums[c][0];
                *(v8 *) (target + (at + c) * tile_rows + 8) = sums[c][1];
            }
        }
        for (int j = first; j < first + run; j++) {
            const int g = j / grid.group;
            for (int half = 0; half < 2; half++) {
                const size_t lane = half * 8, group = g * tile_rows + lane;
                v8 * level = (v8 *) (tile.level + j * tile_rows + lane);
                const v8 t = *(v8 *) (target + j * tile_rows + lane), step = *(v8 *) (tile.step + group), offset = *(v8 *) (tile.offset + group);
                const v8 x = (t - offset) * *(v8 *) (tile.inverse + group);
                const v8 chosen = grid.even ? nearest_even(x, low, high) : nearest_uneven(x);
                v8 * from = (v8 *) (error + j * tile_rows + lane);
                const v8 e = *from - (chosen * step + offset);
                *level = chosen;
                *from = e;
                for (int k = j + 1; k < first + run; k++) *(v8 *) (target + k * tile_rows + lane) += e * splat(feedback[j * n + k]);
            }
        }
    }
}

constexpr int run_part = 4;

/// Adds four columns of left[count][16] x H to `sums`. H is symmetric, so its rows from `h` on are read as columns.
static inline __attribute__((always_inline)) void add_columns(const float * left, int count, const float * h, int n, v8 sums[][2]) {
    for (int i = 0; i < count; i++) {
        const v8 a = *(const v8 *) (left + i * tile_rows), b = *(const v8 *) (left + i * tile_rows + 8);
#pragma GCC unroll 4
        for (int k = 0; k < run_part; k++) {
            const v8 x = splat(h[(size_t) k * n + i]);
            sums[k][0] += a * x;
            sums[k][1] += b * x;
        }
    }
}

/// slope[r] = p_r g_r and curvature[r] = p_r H p_r^T over columns [first, first + count) of the n x n matrix `h`.
static void measure(const float * direction, const float * gradient, const float * h, int n, int first, int count, float * slope, float * curvature) {
    v8 s[2] = {}, c[2] = {};
    for (int j = 0; j < count; j += run_part) {
        v8 sums[run_part][2] = {};
        add_columns(direction, count, h + (size_t) (first + j) * n + first, n, sums);
#pragma GCC unroll 4
        for (int k = 0; k < run_part; k++) {
            for (int half = 0; half < 2; half++) {
                const v8 p = *(const v8 *) (direction + (j + k) * tile_rows + 8 * half);
                c[half] += p * sums[k][half];
                s[half] += p * *(const v8 *) (gradient + (first + j + k) * tile_rows + 8 * half);
            }
        }
    }
    for (int half = 0; half < 2; half++) {
        *(v8 *) (slope + 8 * half) = s[half];
        *(v8 *) (curvature + 8 * half) = c[half];
    }
}

/// Values move by `move` x direction, so errors fall by that and gradients by its product with H.
static void apply(const float * direction, const float * move, const float * h, int n, int first, int count, float * errors, float * gradient) {
    const v8 m[2] = {*(const v8 *) move, *(const v8 *) (move + 8)};
    float moved[256 * tile_rows];
    for (int i = 0; i < count; i++) {
        for (int half = 0; half < 2; half++) {
            const v8 by = *(const v8 *) (direction + i * tile_rows + 8 * half) * m[half];
            *(v8 *) (moved + i * tile_rows + 8 * half) = by;
            *(v8 *) (errors + (first + i) * tile_rows + 8 * half) -= by;
        }
    }
    for (int j = 0; j < n; j += run_part) {
        v8 sums[run_part][2] = {};
        add_columns(moved, count, h + (size_t) j * n + first, n, sums);
#pragma GCC unroll 4
        for (int k = 0; k < run_part; k++) {
            *(v8 *) (gradient + (j + k) * tile_rows) -= sums[k][0];
            *(v8 *) (gradient + (j + k) * tile_rows + 8) -= sums[k][1];
        }
    }
}

/// Factors D = M M^T with M upper triangular in place, and computes D^-1. `inverse` has room for twice D^-1, the second half as
/// a work area. Returns false if D is not positive definite.
static bool factor_block(size_t n, double * m, double * inverse) {
    for (size_t j = n; j-- > 0;) {
        const double pivot = m[j * n + j];
        if (!(pivot > 0 && pivot < 1e300)) return false;
        const double root = __builtin_sqrt(pivot);
        m[j * n + j] = root;
        for (size_t i = 0; i < j; i++) m[i * n + j] /= root;
        for (size_t i = 0; i < j; i++) {
            const double scale = m[i * n + j];
            // Reads column j as row j of the symmetric half, which is sequential.
            m[j * n + i] = scale;
        }
        for (size_t i = 0; i < j; i++) {
            const double scale = m[j * n + i];
            double * row = m + i * n;
            const double * column = m + j * n;
            for (size_t k = i; k < j; k++) row[k] -= scale * column[k];
        }
    }
    // U = M^-1, upper triangular, then D^-1 = U^T U.
    double * u = inverse + n * n;
    for (size_t i = 0; i < n * n; i++) u[i] = inverse[i] = 0;
    for (size_t i = n; i-- > 0;) {
        double * row = u + i * n;
        for (size_t k = i + 1; k < n; k++) {
            const double scale = m[i * n + k];
            const double * other = u + k * n;
            for (size_t j = k; j < n; j++) row[j] -= scale * other[j];
        }
        const double over = 1 / m[i * n + i];
        for (size_t j = i + 1; j < n; j++) row[j] *= over;
        row[i] = over;
    }
    for (size_t k = 0; k < n; k++) {
        const double * row = u + k * n;
        for (size_t i = k; i < n; i++) {
            double * to = inverse + i * n;
            const double scale = row[i];
            for (size_t j = k; j < n; j++) to[j] += scale * row[j];
        }
    }
    return true;
}

static constexpr Kernels table = {add_product, choose_levels, measure, apply, factor_block};
