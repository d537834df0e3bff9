// How matrix products copy their operands: panels of B, tiles of A.
#ifndef LOCKSTEP_GEMM_PACKING_H
#define LOCKSTEP_GEMM_PACKING_H

#include "transpose.h"

enum {
  /// The longest stretch of k: a panel of B takes half of the first-level cache.
  DEPTH = 256,
  /// Numbers that are converted on their way to where they are transposed.
  STRIP = DEPTH * 2 * LANES,
};

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
INLINE void pack_columns(const int most, ptrdiff_t k, ptrdiff_t rows, const float *a, ptrdiff_t lda,
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

/// The `most` rows from `a` on, of more that can be read, as one tile. Eights of rows are
/// transposed, the last first: what they write too much is written again, or belongs to no row.
INLINE void pack_rows(const int most, ptrdiff_t k, const float *a, ptrdiff_t lda, float *tile) {
  ptrdiff_t p = 0;
  for (; p + 4 < k; p += 4)
    for (int r = (most - 1) / 8 * 8; r >= 0; r -= 8) {
      const columns_t block = transpose_eight(a + r * lda + p, lda);
      for (int l = 0; l < 4; l++) *(eight_t *)(tile + (p + l) * most + r) = block.column[l];
    }
  for (; p < k; p++)
    for (int r = 0; r < most; r++) tile[p * most + r] = a[r * lda + p];
}

/// `rows` rows and k columns of A as tiles, one after the other; `strip` has room for STRIP
/// numbers.
INLINE void pack_block(const int most, ptrdiff_t k, ptrdiff_t rows, lk_matrix a, float *tiles,
                       float *strip) {
  if (!a.is_transposed) {
    for (ptrdiff_t i = 0; i < rows; i += most, tiles += k * most) {
      const lk_matrix part = lk_matrix_from(a, i, 0);
      if (a.type == LK_FLOAT32 && rows - i >= (most + 7) / 8 * 8) {
        pack_rows(most, k, part.values, a.leading, tiles);
      } else {
        const ptrdiff_t some = rows - i < most ? rows - i : most;
        lk_widen(a.type, some, k, strip, k, part.values, a.leading);
        pack_rows(most, k, strip, k, tiles);
      }
    }
  } else if (a.type == LK_FLOAT32) {
    pack_columns(most, k, rows, a.values, a.leading, tiles, k * most);
  } else {
    const ptrdiff_t fitting = STRIP / rows;
    for (ptrdiff_t p = 0; p < k; p += fitting) {
      const ptrdiff_t some = k - p < fitting ? k - p : fitting;
      lk_widen(a.type, some, rows, strip, rows, lk_matrix_from(a, 0, p).values, a.leading);
      pack_columns(most, some, rows, strip, rows, tiles + p * most, k * most);
    }
  }
}

#endif
