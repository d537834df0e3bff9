// Matrix products: C = A B or C += A B.
//
// Every element of C is a chain of fused multiply-adds over a stretch of k, and the stretches, cut
// by k alone, are added up in order. So its bits depend neither on where it lies in C nor on the
// width of the machine's registers, on the sizes of the tiles, or on who computes the rest of C.
//
// The scheme is that of Goto and van de Geijn (2008), "Anatomy of high-performance matrix
// multiplication": a panel of B, a few registers wide, stays in the first-level cache while tiles
// of A pass by, a few rows each; the sums of a tile stay in registers.
//
// What is not stored as float32 is converted while it is copied: panels of B, blocks of A. Such a C
// is rounded panel by panel, out of the first-level cache; where k has several stretches, it is
// computed in blocks of float32, which are rounded when they are complete.
#include "gemm_packing.h"

enum {
  /// Rows of the largest tile, of which blocks have a multiple.
  TILE_ROWS = 12,
  /// Numbers of A that all panels of B see one after the other: they stay in the second-level
  /// cache.
  BLOCK_SIZE = 240 * DEPTH,
  /// Rows that these are at most.
  MOST_ROWS = 480,
  /// Up to so many panels of B, rows of A are used too seldom to be worth copying.
  FEW_PANELS = 12,
  /// The same of a transposed A, which is slower to read where it lies.
  FEW_PANELS_TRANSPOSED = 2,
  /// Up to so many rows, a panel of B is used too seldom.
  FEW_ROWS = 24,
  /// A C of more numbers is not in the second-level cache when a tile of it is wanted.
  FAR = 1 << 20,
  /// Rows of a block of C that is not stored as float32, and its numbers.
  RESULT_ROWS = 240,
  MOST_RESULTS = RESULT_ROWS * 384,
};

/// Rows of A as tiles read them: A[r, p] lies r * `row` + p * `column` after the first number of a
/// tile, and each tile of rows `tile` after the one before.
typedef struct {
  const float *values;
  ptrdiff_t row, column, tile;
} rows_t;

/// A panel of B: rows `row` apart, of which `columns` numbers count.
typedef struct {
  const float *values;
  ptrdiff_t row, columns;
} panel_t;

/// Sums of products for rows of C, `row` apart, or to be added to what is there. Where that is far
/// away, a tile is fetched while its sums are computed.
typedef struct {
  float *values;
  ptrdiff_t row;
  bool adds, is_far;
} sums_t;

/// `rows` rows of C, `vectors` registers wide: the sums over k of A[r, p] * B[p, column].
INLINE void multiply_tile(const int rows, const int vectors, ptrdiff_t k, rows_t a, panel_t b,
                          sums_t c) {
  // Sums stay in registers only if every loop over them is unrolled.
#define UNROLLED _Pragma("clang loop unroll(full)")
  lanes_t sum[12 * 2];
  if (c.is_far) UNROLLED for (int s = 0; s < rows * vectors; s++)
      __builtin_prefetch(c.values + s / vectors * c.row + s % vectors * LANES, 1, 3);
  UNROLLED for (int s = 0; s < rows * vectors; s++) sum[s] = (lanes_t){0};
  _Pragma("clang loop unroll_count(4)") for (ptrdiff_t p = 0; p < k; p++) {
    lanes_t x[2];
    UNROLLED for (int v = 0; v < vectors; v++) x[v] = *(const lanes_t *)(b.values + v * LANES);
    UNROLLED for (int s = 0; s < rows * vectors; s++)
      sum[s] += a.values[s / vectors * a.row] * x[s % vectors];
    a.values += a.column, b.values += b.row;
  }
  UNROLLED for (int s = 0; s < rows * vectors; s++) {
    float *to = c.values + s / vectors * c.row + s % vectors * LANES;
    const ptrdiff_t left = b.columns - s % vectors * LANES;
    if (left >= LANES) {
      *(lanes_t *)to = c.adds ? *(const lanes_t *)to + sum[s] : sum[s];
    } else {
      float last[LANES];
      __builtin_memcpy(last, &sum[s], sizeof last);
      for (ptrdiff_t l = 0; l < left; l++) to[l] = c.adds ? to[l] + last[l] : last[l];
    }
  }
#undef UNROLLED
}

/// `x`, but not below 0 or above `limit`.
INLINE ptrdiff_t within(ptrdiff_t x, ptrdiff_t limit) {
  return x < 0 ? 0 : x > limit ? limit : x;
}

/// m rows of one panel of B, at most `most` at a time: as many as there are registers for.
INLINE void multiply_rows(const int most, const int vectors, ptrdiff_t m, ptrdiff_t k,
                          lk_triangle triangle, rows_t a, panel_t b, sums_t c) {
  ptrdiff_t i = 0;
  // Two rows alone leave units waiting. Where tiles of A follow without gaps, the last eight rows
  // are four and four instead.
  const ptrdiff_t end_of_sixes = a.tile == most * a.row && m % 6 == 2 && m >= 8 ? m - 8 : m;
#define TILES(rows, end)                                                                         \
  for (; i + rows <= end; i += rows) {                                                           \
    const ptrdiff_t to =                                                                         \
        triangle.of == LK_LOWER_A ? within(i + rows - 1 + triangle.diagonal, k) : k;             \
    const ptrdiff_t p =                                                                          \
        triangle.of == LK_UPPER_A ? within(i - triangle.diagonal + 1, to) : 0;                   \
    const float *const left = a.values + i / most * a.tile + i % most * a.row + p * a.column;    \
    multiply_tile(rows, vectors, to - p, (rows_t){left, a.row, a.column, a.tile},                \
                  (panel_t){b.values + p * b.row, b.row, b.columns},                             \
                  (sums_t){c.values + i * c.row, c.row, c.adds, c.is_far});                      \
  }
  if (most >= 12) TILES(12, end_of_sixes)
  TILES(6, end_of_sixes)
  TILES(4, m)
  TILES(2, m)
  TILES(1, m)
#undef TILES
}

/// The same, with known strides: they leave the loop over k little to do besides multiplying.
INLINE void multiply_panel(const int most, const int vectors, ptrdiff_t m, ptrdiff_t k,
                           lk_triangle triangle, rows_t a, panel_t b, sums_t c) {
  if (a.column == 1) {
    a.column = 1;
    multiply_rows(most, vectors, m, k, triangle, a, b, c);
  } else {
    a.row = 1;
    multiply_rows(most, vectors, m, k, triangle, a, b, c);
  }
}

/// Parts of `size`, in multiples of `unit`, of nearly equal sizes of at most `limit`.
INLINE ptrdiff_t part_size(ptrdiff_t size, ptrdiff_t limit, ptrdiff_t unit) {
  const ptrdiff_t parts = (size + limit - 1) / limit;
  return ((size + parts - 1) / parts + unit - 1) / unit * unit;
}

INLINE void repeat_row(ptrdiff_t rows, ptrdiff_t columns, const float *row, float *to,
                       ptrdiff_t ld) {
  for (ptrdiff_t r = 0; r < rows; r++)
    for (ptrdiff_t j = 0; j < columns; j++) to[r * ld + j] = row ? row[j] : 0;
}

/// C = A B, or C += A B. A C that is not stored as float32 takes one stretch of k, and may begin as
/// `row` in each of its rows.
INLINE void multiply(const int most, const int vectors, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                     lk_matrix a, lk_matrix b, lk_triangle triangle, bool accumulate,
                     const float *row, void *c, ptrdiff_t ldc, lk_storage type) {
  const int width = vectors * LANES;
  float panel[DEPTH * 2 * LANES] __attribute__((aligned(64)));
  float strip[STRIP] __attribute__((aligned(64)));
  float block[BLOCK_SIZE] __attribute__((aligned(64)));
  float sums[MOST_ROWS * 2 * LANES] __attribute__((aligned(64)));
  const bool widens_b = b.type != LK_FLOAT32, narrows = type != LK_FLOAT32;
  const ptrdiff_t stretches = (k + DEPTH - 1) / DEPTH, stretch = (k + stretches - 1) / stretches;
  const ptrdiff_t panels = (n + width - 1) / width;
  // Where k is short, what is read of a transposed A is near enough.
  const bool packs =
      a.type != LK_FLOAT32 ||
      (a.is_transposed ? panels > FEW_PANELS_TRANSPOSED && k > LANES : panels > FEW_PANELS);
  const ptrdiff_t fitting = BLOCK_SIZE / stretch;
  const ptrdiff_t limit = (fitting < MOST_ROWS ? fitting : MOST_ROWS) / TILE_ROWS * TILE_ROWS;
  const ptrdiff_t most_rows = part_size(m, limit, TILE_ROWS);
  // The stretches of k within rows of C: these are nearer when the next stretch is added.
  for (ptrdiff_t i = 0; i < m; i += most_rows) {
    const ptrdiff_t rows = m - i < most_rows ? m - i : most_rows;
    for (ptrdiff_t first = 0; first < k; first += stretch) {
      const ptrdiff_t depth = k - first < stretch ? k - first : stretch;
      const lk_matrix part = lk_matrix_from(a, i, first);
      rows_t left = {part.values, a.leading, 1, most * a.leading};
      if (a.is_transposed) left = (rows_t){part.values, 1, a.leading, most};
      if (packs) {
        pack_block(most, depth, rows, part, block, strip);
        left = (rows_t){block, 1, most, depth * most};
      }
      for (ptrdiff_t j = 0; j < n; j += width) {
        const ptrdiff_t columns = n - j < width ? n - j : width;
        const lk_triangle seen = lk_triangle_from(triangle, i, j, first);
        const ptrdiff_t wanted =
            seen.of == LK_UPPER_C ? within(seen.diagonal + columns - 1, rows) : rows;
        const lk_matrix column = lk_matrix_from(b, first, j);
        panel_t right = {column.values, b.leading, columns};
        if (b.is_transposed || widens_b || columns < width || rows > FEW_ROWS) {
          pack_panel(width, depth, columns, column, panel, strip);
          right = (panel_t){panel, width, columns};
          const ptrdiff_t next = within(n - j - width, width);
          if (next > 0) prefetch_panel(depth, next, lk_matrix_from(b, first, j + width));
        }
        char *const target = (char *)c + (i * ldc + j) * lk_storage_size(type);
        if (narrows && accumulate) lk_widen(type, wanted, columns, sums, width, target, ldc);
        else if (narrows && row) repeat_row(wanted, columns, row + j, sums, width);
        const bool adds = accumulate || row || first > 0;
        const sums_t direct = {(float *)target, ldc, adds, m * n > FAR};
        const sums_t rounded = {sums, width, adds, false};
        multiply_panel(most, vectors, wanted, depth, seen, left, right, narrows ? rounded : direct);
        if (narrows) lk_narrow(type, wanted, columns, target, ldc, sums, width);
      }
    }
  }
}

#define PARAMETERS                                                                               \
  ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, lk_matrix a, lk_matrix b, lk_triangle triangle,         \
      bool accumulate, const float *row, void *c, ptrdiff_t ldc, lk_storage type
#define ARGUMENTS m, n, k, a, b, triangle, accumulate, row, c, ldc, type

// The tile is chosen for the registers: more than `target_clones` could say.
#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vl,avx2,fma"))) static void multiply_512(PARAMETERS) {
  multiply(12, 2, ARGUMENTS);
}
__attribute__((target("avx2,fma"))) static void multiply_256(PARAMETERS) {
  multiply(6, 1, ARGUMENTS);
}
static void multiply_128(PARAMETERS) { multiply(6, 1, ARGUMENTS); }

bool lk_has_product_kernels(void) {
  return has_wide_registers() || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
}

static void multiply_any(PARAMETERS) {
  if (has_wide_registers())
    multiply_512(ARGUMENTS);
  else if (lk_has_product_kernels())
    multiply_256(ARGUMENTS);
  else
    multiply_128(ARGUMENTS);
}
#else
bool lk_has_product_kernels(void) { return false; }

static void multiply_any(PARAMETERS) { multiply(6, 1, ARGUMENTS); }
#endif

/// The same for a C of float32 that may begin as `row` in each of its rows.
static void multiply_floats(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, lk_matrix a, lk_matrix b,
                            lk_triangle triangle, bool accumulate, const float *row, float *c,
                            ptrdiff_t ldc) {
  const bool starts = row || (k == 0 && !accumulate);
  if (starts) repeat_row(m, n, row, c, ldc);
  if (k > 0)
    multiply_any(m, n, k, a, b, triangle, accumulate || starts, NULL, c, ldc, LK_FLOAT32);
}

/// The same for a C of another type, block by block.
static void multiply_blocks(PARAMETERS) {
  float block[MOST_RESULTS] __attribute__((aligned(64)));
  const ptrdiff_t most_rows = part_size(m, RESULT_ROWS, TILE_ROWS);
  const ptrdiff_t most_columns = part_size(n, MOST_RESULTS / most_rows - 2 * LANES, 2 * LANES);
  for (ptrdiff_t i = 0; i < m; i += most_rows) {
    const ptrdiff_t rows = m - i < most_rows ? m - i : most_rows;
    for (ptrdiff_t j = 0; j < n; j += most_columns) {
      const ptrdiff_t columns = n - j < most_columns ? n - j : most_columns;
      void *const target = (char *)c + (i * ldc + j) * lk_storage_size(type);
      if (accumulate) lk_widen(type, rows, columns, block, columns, target, ldc);
      multiply_floats(rows, columns, k, lk_matrix_from(a, i, 0), lk_matrix_from(b, 0, j),
                      lk_triangle_from(triangle, i, j, 0), accumulate, row ? row + j : NULL, block,
                      columns);
      lk_narrow(type, rows, columns, target, ldc, block, columns);
    }
  }
}

void lk_gemm(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const lk_matrix *a, const lk_matrix *b,
             lk_triangle triangle, bool accumulate, const float *row, void *c, ptrdiff_t ldc,
             lk_storage type) {
  if (m == 0 || n == 0) return;
  if (type == LK_FLOAT32)
    multiply_floats(m, n, k, *a, *b, triangle, accumulate, row, c, ldc);
  else if (k > 0 && k <= DEPTH)
    multiply_any(m, n, k, *a, *b, triangle, accumulate, row, c, ldc, type);
  else
    multiply_blocks(m, n, k, *a, *b, triangle, accumulate, row, c, ldc, type);
}
