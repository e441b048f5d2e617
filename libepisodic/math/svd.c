/* svd.c - the truncated singular value decomposition of a matrix that is known only by its products; see linear.h.
 *
 * Halko, Martinsson and Tropp 2011, "Finding structure with randomness": the matrix times a Gaussian one spans about
 * the space of its greatest singular vectors (algorithm 4.1); going to and fro sharpens that, with an orthonormal basis
 * at each turn so that nothing drowns in rounding (algorithm 4.4). In that basis Q the matrix is small: with Q^T A =
 * (P R)^T, the left singular vectors of R^T, turned back by Q, are those of A (algorithm 5.1, by QR instead of a wide
 * decomposition).
 */
#include "linear.h"

#define MODULE "math"
#define TURNS 2
#define NOTHING 1e-5f /* of the greatest singular value: what is below is rounding */

struct work {
    const epi__operator *matrix;
    size_t width;
    float *left;  /* rows x width */
    float *right; /* columns x width */
    float *small; /* 2 x width x width, width values, and width x rank */
};

static epi_status work_init(struct work *w, size_t rank) {
    size_t left = w->matrix->rows * w->width, right = w->matrix->columns * w->width;
    w->left = epi__realloc(NULL, left, sizeof *w->left);
    w->right = epi__realloc(NULL, right, sizeof *w->right);
    w->small = epi__realloc(NULL, (2 * w->width + 1 + rank) * w->width, sizeof *w->small);
    return w->left && w->right && w->small ? EPI_OK : epi__fail_memory(MODULE, (left + right) * sizeof *w->left);
}

/* An orthonormal basis of about the space that the greatest left singular vectors span, in w->left. */
static epi_status find_range(struct work *w, uint64_t seed) {
    const epi__operator *a = w->matrix;
    epi__random random = epi__random_seed(seed);
    for (size_t i = 0; i < a->columns * w->width; i++) w->right[i] = (float)epi__random_normal(&random);
    for (int turn = 0; turn <= TURNS; turn++) {
        if (turn > 0) {
            a->transposed(a->context, w->right, w->left, w->width);
            EPI__TRY(epi__linear_qr(w->right, NULL, a->columns, w->width));
        }
        a->apply(a->context, w->left, w->right, w->width);
        EPI__TRY(epi__linear_qr(w->left, NULL, a->rows, w->width));
    }
    return EPI_OK;
}

/* Left singular vectors of the matrix in that basis, in the first part of w->small; values behind both parts. */
static epi_status decompose(struct work *w) {
    size_t n = w->width;
    float *u = w->small, *r = u + n * n, *values = r + n * n;
    w->matrix->transposed(w->matrix->context, w->right, w->left, n);
    EPI__TRY(epi__linear_qr(w->right, r, w->matrix->columns, n));
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            r[j * n + i] = r[i * n + j];
            r[i * n + j] = 0.0f;
        }
    return epi__linear_svd(u, values, r, n);
}

static epi_status decompose_all(float *u, float *values, struct work *w, size_t rank, uint64_t seed) {
    size_t n = w->width;
    const float *found = w->small + 2 * n * n;
    EPI__TRY(find_range(w, seed));
    EPI__TRY(decompose(w));
    for (size_t j = 0; j < rank; j++) values[j] = j < n && found[j] > NOTHING * found[0] ? found[j] : 0.0f;
    float *turn = w->small + 2 * n * n + n; /* the columns that are wanted */
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < rank; j++) turn[i * rank + j] = values[j] > 0.0f ? w->small[i * n + j] : 0.0f;
    epi__linear_multiply(u, w->left, turn, w->matrix->rows, n, rank);
    return EPI_OK;
}

epi_status epi__svd_left(float *u, float *values, const epi__operator *matrix, size_t rank, uint64_t seed) {
    struct work w = {.matrix = matrix, .width = rank + EPI__SVD_EXTRA};
    w.width = EPI__MIN(w.width, EPI__MIN(matrix->rows, matrix->columns));
    if (w.width == 0) return epi__fail(EPI_EINVAL, MODULE, "a matrix to decompose was empty");
    epi_status status = work_init(&w, rank);
    if (!status) status = decompose_all(u, values, &w, rank, seed);
    epi__free(w.left);
    epi__free(w.right);
    epi__free(w.small);
    return status;
}
