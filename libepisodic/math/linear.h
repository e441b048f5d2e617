/* linear.h - dense and randomised linear algebra. Matrices are float32, row-major, without gaps.
 *
 *   lapack.c   what BLAS and LAPACK do for us: the one door to both
 *   svd.c      the truncated singular value decomposition of a matrix that is known only by its products
 */
#ifndef EPI_MATH_LINEAR_H
#define EPI_MATH_LINEAR_H

#include "../base/base.h"

/* a (rows x columns, rows >= columns) = Q R. a becomes Q, whose columns are orthonormal; r (columns x columns, upper
 * triangular) may be NULL. EPI_ENOMEM EPI_EINTERNAL */
epi_status epi__linear_qr(float *a, float *r, size_t rows, size_t columns);
/* The left singular vectors of a (n x n) as the columns of u, and the singular values, greatest first. a is lost. */
epi_status epi__linear_svd(float *u, float *values, float *a, size_t n);
/* out (rows x columns) = a (rows x inner) b (inner x columns). */
void epi__linear_multiply(float *out, const float *a, const float *b, size_t rows, size_t inner, size_t columns);

/* A matrix by what it does to others; `out` is not zeroed before the call. */
typedef struct epi__operator {
    size_t rows, columns;
    void *context;
    void (*apply)(void *context, float *out, const float *in, size_t width);     /* out: rows, in: columns x width */
    void (*transposed)(void *context, float *out, const float *in, size_t width); /* out: columns, in: rows x width */
} epi__operator;

/* u (rows x rank): about the first left singular vectors of the matrix, and their singular values, greatest first; zero
 * columns and values where the matrix has no more. The same for the same seed. Memory: about (2 rows + columns) x
 * (rank + EPI__SVD_EXTRA) floats. EPI_ENOMEM EPI_EINTERNAL */
#define EPI__SVD_EXTRA 10u
epi_status epi__svd_left(float *u, float *values, const epi__operator *matrix, size_t rank, uint64_t seed);

#endif
