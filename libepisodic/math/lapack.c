/* lapack.c - the one door to BLAS and LAPACK (OpenBLAS); see linear.h. What they return is told as a status. */
#include <cblas.h>
#include <lapacke.h>
#include <string.h>

#include "linear.h"

#define MODULE "math"

static epi_status told(const char *routine, lapack_int info) {
    if (info == 0) return EPI_OK;
    if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR)
        return epi__fail(EPI_ENOMEM, MODULE, "LAPACK's %s found no memory", routine);
    return epi__fail(EPI_EINTERNAL, MODULE, "LAPACK's %s failed with %d", routine, (int)info);
}

epi_status epi__linear_qr(float *a, float *r, size_t rows, size_t columns) {
    lapack_int m = (lapack_int)rows, n = (lapack_int)columns;
    float *tau = epi__realloc(NULL, columns, sizeof *tau);
    if (!tau) return epi__fail_memory(MODULE, columns * sizeof *tau);
    epi_status status = told("sgeqrf", LAPACKE_sgeqrf(LAPACK_ROW_MAJOR, m, n, a, n, tau));
    for (size_t i = 0; !status && r && i < columns; i++) {
        memset(r + i * columns, 0, i * sizeof *r);
        memcpy(r + i * columns + i, a + i * columns + i, (columns - i) * sizeof *r);
    }
    if (!status) status = told("sorgqr", LAPACKE_sorgqr(LAPACK_ROW_MAJOR, m, n, n, a, n, tau));
    epi__free(tau);
    return status;
}

epi_status epi__linear_svd(float *u, float *values, float *a, size_t n) {
    lapack_int size = (lapack_int)n;
    float *right = epi__realloc(NULL, n * n, sizeof *right);
    if (!right) return epi__fail_memory(MODULE, n * n * sizeof *right);
    epi_status status = told(
        "sgesdd", LAPACKE_sgesdd(LAPACK_ROW_MAJOR, 'A', size, size, a, size, values, u, size, right, size));
    epi__free(right);
    return status;
}

void epi__linear_multiply(float *out, const float *a, const float *b, size_t rows, size_t inner, size_t columns) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, (int)columns, (int)inner, 1.0f, a, (int)inner, b,
                (int)columns, 0.0f, out, (int)columns);
}
