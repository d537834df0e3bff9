// Matrix products: C = A B or C += A B.
//
// Every element of C is a chain of fused multiply-adds over a stretch of k, and the stretches, cut
// by k alone, are added up in order. So its bits depend neither on where it lies in C nor on the
// width of the machine's registers, on the sizes of the tiles, or on who computes the rest of C.
//
// The scheme is that of Goto and van de Geijn (2008), "Anatomy of high-performance matrix
// multiplication": a panel of B, a few registers wide, stays in the first-level cache while the
// rows of A pass by; a tile of C stays in registers.
//
// What is not stored as float32 is converted while it is copied: panels of B, blocks of A. Such a C
// is rounded panel by panel, out of the first-level cache; where k has several stretches, it is
// computed in blocks of float32, which are rounded when they are complete.
#include "kernel.h"

enum {
  /// The longest stretch of k: a panel of B takes half of the first-level cache.
  DEPTH = 256,
  /// Rows of the largest tile, of which blocks have a multiple.
  TILE_ROWS = 12,
  /// Numbers of A that all panels of B see one after the other: they stay in the second-level
  /// cache.
  BLOCK_SIZE = 240 * DEPTH,
  /// The same of a transposed A, which is copied.
  PACKED_SIZE = 120 * DEPTH,
  /// Rows that these are at most.
  MOST_ROWS = 480,
  /// Up to so many rows, a panel of B is used too seldom to be worth copying.
  FEW_ROWS = 24,
  /// Rows of a block of C that is not stored as float32, and its numbers.
  RESULT_ROWS = 240,
  MOST_RESULTS = RESULT_ROWS * 384,
  /// Numbers that are converted on their way to where they are transposed.
  STRIP = DEPTH * 2 * LANES,
};

typedef float four_t __attribute__((vector_size(16), aligned(4)));
typedef float eight_t __attribute__((vector_size(32), aligned(4)));

/// Rows 0 to 7 of four columns of `from`, `ld` apart, become columns of `to`, whose rows are `ldt`
/// apart. Rows four apart share a register: halves of it need not be exchanged.
INLINE void transpose_eight(const float *from, ptrdiff_t ld, float *to, ptrdiff_t ldt) {
#define ROWS(r)                                                                                  \
  __builtin_shufflevector(*(const four_t *)(from + (r)*ld), *(const four_t *)(from + (r + 4) * ld), \
                          0, 1, 2, 3, 4, 5, 6, 7)
  const eight_t x0 = ROWS(0), x1 = ROWS(1), x2 = ROWS(2), x3 = ROWS(3);
#undef ROWS
  const eight_t low01 = __builtin_shufflevector(x0, x1, 0, 8, 1, 9, 4, 12, 5, 13);
  const eight_t low23 = __builtin_shufflevector(x2, x3, 0, 8, 1, 9, 4, 12, 5, 13);
  const eight_t high01 = __builtin_shufflevector(x0, x1, 2, 10, 3, 11, 6, 14, 7, 15);
  const eight_t high23 = __builtin_shufflevector(x2, x3, 2, 10, 3, 11, 6, 14, 7, 15);
  *(eight_t *)to = __builtin_shufflevector(low01, low23, 0, 1, 8, 9, 4, 5, 12, 13);
  *(eight_t *)(to + ldt) = __builtin_shufflevector(low01, low23, 2, 3, 10, 11, 6, 7, 14, 15);
  *(eight_t *)(to + 2 * ldt) = __builtin_shufflevector(high01, high23, 0, 1, 8, 9, 4, 5, 12, 13);
  *(eight_t *)(to + 3 * ldt) = __builtin_shufflevector(high01, high23, 2, 3, 10, 11, 6, 7, 14, 15);
}

/// to[c * ldt + r] = from[r * ld + c].
INLINE void transpose(ptrdiff_t rows, ptrdiff_t columns, const float *from, ptrdiff_t ld, float *to,
                      ptrdiff_t ldt) {
  const ptrdiff_t whole_rows = rows - rows % 8, whole_columns = columns - columns % 4;
  for (ptrdiff_t r = 0; r < whole_rows; r += 8) {
    for (ptrdiff_t c = 0; c < whole_columns; c += 4)
      transpose_eight(from + r * ld + c, ld, to + c * ldt + r, ldt);
    for (ptrdiff_t c = whole_columns; c < columns; c++)
      for (ptrdiff_t l = r; l < r + 8; l++) to[c * ldt + l] = from[l * ld + c];
  }
  for (ptrdiff_t r = whole_rows; r < rows; r++)
    for (ptrdiff_t c = 0; c < columns; c++) to[c * ldt + r] = from[r * ld + c];
}

/// The matrix from row `row` and column `column` on.
INLINE lk_matrix from(lk_matrix matrix, ptrdiff_t row, ptrdiff_t column) {
  const ptrdiff_t offset = matrix.is_transposed ? column * matrix.leading + row
                                                : row * matrix.leading + column;
  matrix.values = (const char *)matrix.values + offset * lk_storage_size(matrix.type);
  return matrix;
}

/// `columns` columns of k rows of B, `most` apart in `panel`; what is beyond them is 0. `strip` has
/// room for STRIP numbers, where B is converted.
INLINE void pack_panel(const int most, ptrdiff_t k, ptrdiff_t columns, lk_matrix b, float *panel,
                       float *strip) {
  if (columns < most) __builtin_memset(panel, 0, sizeof *panel * (size_t)(k * most));
  const float *values = b.values;
  ptrdiff_t ldb = b.leading;
  if (b.type != LK_FLOAT32) {
    if (!b.is_transposed) return lk_widen(b.type, k, columns, panel, most, b.values, ldb);
    lk_widen(b.type, columns, k, strip, k, b.values, ldb);
    values = strip, ldb = k;
  }
  if (b.is_transposed) {
    transpose(columns, k, values, ldb, panel, most);
  } else if (columns == most) {
    for (ptrdiff_t p = 0; p < k; p++)
      for (int l = 0; l < most; l += LANES)
        *(lanes_t *)(panel + p * most + l) = *(const lanes_t *)(values + p * ldb + l);
  } else {
    for (ptrdiff_t p = 0; p < k; p++)
      for (ptrdiff_t l = 0; l < columns; l++) panel[p * most + l] = values[p * ldb + l];
  }
}

/// Asks the memory for a panel that will be packed when the present one has been used.
INLINE void prefetch_panel(ptrdiff_t k, ptrdiff_t columns, lk_matrix b) {
  const ptrdiff_t rows = b.is_transposed ? columns : k, size = lk_storage_size(b.type);
  const ptrdiff_t bytes = (b.is_transposed ? k : columns) * size;
  const char *from = b.values;
  for (ptrdiff_t r = 0; r < rows; r++, from += b.leading * size)
    for (ptrdiff_t offset = 0; offset < bytes; offset += 64)
      __builtin_prefetch(from + offset, 0, 2);
}

/// Columns 0 to `rows` of k rows of `a` as the rows of tiles: `most` numbers after each other for
/// every p, and `tile` numbers from one tile to the next.
INLINE void pack_tiles(const int most, ptrdiff_t k, ptrdiff_t rows, const float *a, ptrdiff_t lda,
                       float *tiles, ptrdiff_t tile) {
  for (ptrdiff_t i = 0; i < rows; i += most, tiles += tile) {
    const ptrdiff_t some = rows - i < most ? rows - i : most;
    for (ptrdiff_t p = 0; p < k; p++) {
      const float *from = a + p * lda + i;
      if (some == most) __builtin_memcpy(tiles + p * most, from, sizeof *from * (size_t)most);
      else
        for (ptrdiff_t r = 0; r < some; r++) tiles[p * most + r] = from[r];
    }
  }
}

/// The same for a transposed A of any type; `strip` has room for STRIP numbers.
INLINE void pack_block(const int most, ptrdiff_t k, ptrdiff_t rows, lk_matrix a, float *tiles,
                       float *strip) {
  if (a.type == LK_FLOAT32)
    return pack_tiles(most, k, rows, a.values, a.leading, tiles, k * most);
  const ptrdiff_t fitting = STRIP / rows;
  for (ptrdiff_t p = 0; p < k; p += fitting) {
    const ptrdiff_t some = k - p < fitting ? k - p : fitting;
    lk_widen(a.type, some, rows, strip, rows, from(a, 0, p).values, a.leading);
    pack_tiles(most, some, rows, strip, rows, tiles + p * most, k * most);
  }
}

/// `rows` rows of C, `vectors` registers wide, of which `columns` count: the sums over k of
/// a[r * ra + p * ca] * b[p * ldb + column].
INLINE void multiply_tile(const int rows, const int vectors, ptrdiff_t k, const float *a,
                          ptrdiff_t ra, ptrdiff_t ca, const float *b, ptrdiff_t ldb,
                          ptrdiff_t columns, bool adds, float *c, ptrdiff_t ldc) {
  // Sums stay in registers only if every loop over them is unrolled.
#define UNROLLED _Pragma("clang loop unroll(full)")
  lanes_t sum[12 * 2];
  UNROLLED for (int s = 0; s < rows * vectors; s++) sum[s] = (lanes_t){0};
  for (ptrdiff_t p = 0; p < k; p++, a += ca, b += ldb) {
    lanes_t x[2];
    UNROLLED for (int v = 0; v < vectors; v++) x[v] = *(const lanes_t *)(b + v * LANES);
    UNROLLED for (int s = 0; s < rows * vectors; s++) sum[s] += a[s / vectors * ra] * x[s % vectors];
  }
  UNROLLED for (int s = 0; s < rows * vectors; s++) {
    float *to = c + s / vectors * ldc + s % vectors * LANES;
    const ptrdiff_t left = columns - s % vectors * LANES;
    if (left >= LANES) {
      *(lanes_t *)to = adds ? *(const lanes_t *)to + sum[s] : sum[s];
    } else {
      float last[LANES];
      __builtin_memcpy(last, &sum[s], sizeof last);
      for (ptrdiff_t l = 0; l < left; l++) to[l] = adds ? to[l] + last[l] : last[l];
    }
  }
#undef UNROLLED
}

/// `x`, but not below 0 or above `limit`.
INLINE ptrdiff_t within(ptrdiff_t x, ptrdiff_t limit) {
  return x < 0 ? 0 : x > limit ? limit : x;
}

/// The triangle as the part sees it that begins at row `i` and column `j` of C and at `p` of k.
INLINE lk_triangle triangle_from(lk_triangle triangle, ptrdiff_t i, ptrdiff_t j, ptrdiff_t p) {
  if (triangle.of == LK_LOWER_A) triangle.diagonal += i - p;
  if (triangle.of == LK_UPPER_A) triangle.diagonal += p - i;
  if (triangle.of == LK_UPPER_C) triangle.diagonal += j - i;
  return triangle;
}

/// All rows of one panel of B, at most `most` at a time: as many as there are registers for. Every
/// `most` rows, A goes on `tile` further.
INLINE void multiply_panel(const int most, const int vectors, ptrdiff_t m, ptrdiff_t k,
                           lk_triangle triangle, const float *a, ptrdiff_t ra, ptrdiff_t ca,
                           ptrdiff_t tile, const float *b, ptrdiff_t ldb, ptrdiff_t columns,
                           bool adds, float *c, ptrdiff_t ldc) {
  const ptrdiff_t diagonal = triangle.diagonal;
  ptrdiff_t i = 0;
  // Two rows alone leave units waiting. Where tiles of A follow without gaps, the last eight rows
  // are four and four instead.
  const ptrdiff_t end_of_sixes = tile == most * ra && m % 6 == 2 && m >= 8 ? m - 8 : m;
#define TILES(rows, end)                                                                         \
  for (; i + rows <= end; i += rows) {                                                           \
    const ptrdiff_t to = triangle.of == LK_LOWER_A ? within(i + rows - 1 + diagonal, k) : k;       \
    const ptrdiff_t p = triangle.of == LK_UPPER_A ? within(i - diagonal + 1, to) : 0;              \
    multiply_tile(rows, vectors, to - p, a + i / most * tile + i % most * ra + p * ca, ra, ca,     \
                  b + p * ldb, ldb, columns, adds, c + i * ldc, ldc);                              \
  }
  if (most >= 12) TILES(12, end_of_sixes)
  TILES(6, end_of_sixes)
  TILES(4, m)
  TILES(2, m)
  TILES(1, m)
#undef TILES
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
  const bool widens_a = a.type != LK_FLOAT32, widens_b = b.type != LK_FLOAT32;
  const bool narrows = type != LK_FLOAT32;
  const ptrdiff_t stretches = (k + DEPTH - 1) / DEPTH, stretch = (k + stretches - 1) / stretches;
  // A is read once for every panel: in order, or a column would take a cache line for each number.
  const bool packs = a.is_transposed && (widens_a || (n > 2 * width && k > LANES));
  const ptrdiff_t fitting = (packs ? PACKED_SIZE : BLOCK_SIZE) / stretch;
  const ptrdiff_t limit = (fitting < MOST_ROWS ? fitting : MOST_ROWS) / TILE_ROWS * TILE_ROWS;
  const ptrdiff_t most_rows = part_size(m, limit, TILE_ROWS);
  for (ptrdiff_t first = 0; first < k; first += stretch) {
    const ptrdiff_t depth = k - first < stretch ? k - first : stretch;
    for (ptrdiff_t i = 0; i < m; i += most_rows) {
      const ptrdiff_t rows = m - i < most_rows ? m - i : most_rows;
      const lk_matrix part = from(a, i, first);
      const float *left = part.values;
      ptrdiff_t ra = a.is_transposed ? 1 : a.leading;
      ptrdiff_t ca = a.is_transposed ? a.leading : 1, tile = most * ra;
      if (packs) {
        pack_block(most, depth, rows, part, block, strip);
        left = block, ca = most, tile = depth * most;
      } else if (widens_a) {
        lk_widen(a.type, rows, depth, block, depth, part.values, a.leading);
        left = block, ra = depth, tile = most * depth;
      }
      for (ptrdiff_t j = 0; j < n; j += width) {
        const ptrdiff_t columns = n - j < width ? n - j : width;
        const lk_triangle piece = triangle_from(triangle, i, j, first);
        const ptrdiff_t used =
            piece.of == LK_UPPER_C ? within(piece.diagonal + columns - 1, rows) : rows;
        const lk_matrix column = from(b, first, j);
        const float *right = column.values;
        ptrdiff_t step = b.leading;
        if (b.is_transposed || widens_b || columns < width || rows > FEW_ROWS) {
          pack_panel(width, depth, columns, column, panel, strip);
          right = panel, step = width;
          const ptrdiff_t left_over = n - j - width;
          if (left_over > 0)
            prefetch_panel(depth, left_over < width ? left_over : width, from(b, first, j + width));
        }
        char *const target = (char *)c + (i * ldc + j) * lk_storage_size(type);
        if (narrows && accumulate) lk_widen(type, used, columns, sums, width, target, ldc);
        else if (narrows && row) repeat_row(used, columns, row + j, sums, width);
        multiply_panel(most, vectors, used, depth, piece, left, ra, ca, tile, right, step, columns,
                       accumulate || row || first > 0, narrows ? sums : (float *)target,
                       narrows ? width : ldc);
        if (narrows) lk_narrow(type, used, columns, target, ldc, sums, width);
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

static void multiply_any(PARAMETERS) {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
    multiply_512(ARGUMENTS);
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    multiply_256(ARGUMENTS);
  else
    multiply_128(ARGUMENTS);
}
#else
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
      multiply_floats(rows, columns, k, from(a, i, 0), from(b, 0, j),
                      triangle_from(triangle, i, j, 0), accumulate, row ? row + j : NULL, block,
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
