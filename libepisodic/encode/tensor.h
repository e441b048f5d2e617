/* tensor.h - one tensor of a mapped file: safetensors or .npy, checked field by field before a byte of it is used. */
#ifndef EPI_ENCODE_TENSOR_H
#define EPI_ENCODE_TENSOR_H

#include "../base/base.h"

/* A file in memory, read-only. It may not be cut while it is open: that would be a bus error. */
typedef struct epi__mapped {
    const uint8_t *data;
    size_t size;
} epi__mapped;

epi_status epi__mapped_open(epi__mapped *file,
                            const char *path); /* EPI_ENOTFOUND EPI_EIO EPI_EPERMISSION EPI_EFORMAT */
void epi__mapped_close(epi__mapped *file);

typedef enum epi__tensor_type { EPI__F32, EPI__F16, EPI__BF16, EPI__F64, EPI__I32, EPI__I64 } epi__tensor_type;

typedef struct epi__tensor {
    epi__tensor_type type;
    uint64_t rows, columns; /* columns 1 of a vector */
    unsigned rank;          /* 1 or 2 */
    const uint8_t *data;    /* row-major, little-endian, of any alignment */
} epi__tensor;

/* A tensor of a safetensors file by its name. EPI_ENOTFOUND: it has none; EPI_EFORMAT: the file is damaged, or the
 * tensor of another form than we read. */
epi_status epi__safetensors_find(epi__tensor *tensor, const epi__mapped *file, const char *name);
epi_status epi__npy_open(epi__tensor *tensor, const epi__mapped *file);
size_t epi__tensor_element_size(epi__tensor_type type);
/* An element as a number; integers to 2^53. */
double epi__tensor_at(const epi__tensor *tensor, uint64_t at);
/* One row as floats; false when an element is NaN or infinite. */
bool epi__tensor_row(float *out, const epi__tensor *tensor, uint64_t row);

#endif
