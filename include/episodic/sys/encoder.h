/* encoder.h - what turns texts into vectors, as a table of functions: those built in, and your own.
 *
 * A space keeps the identity of its encoder (name, parameters, dimension), never the encoder itself. "hash" needs
 * nothing and "static" is opened again from its directory by any process; an encoder of your own has to be given to
 * the space by every process that wants vectors from it, with epi_space_encoder_set(). Without it, steps are still
 * stored and found by their words, and wait for their vectors in a durable backlog.
 */
#ifndef EPISODIC_SYS_ENCODER_H
#define EPISODIC_SYS_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include <episodic/limits.h>
#include <episodic/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One text to encode: UTF-8 without NUL, not terminated. */
typedef struct epi_encoder_text {
    const char *data;
    size_t size;
} epi_encoder_text;

/** An encoder. Vectors of two encoders may be compared only when name, parameters and dimension are the same. */
typedef struct epi_encoder {
    uint32_t version;       /**< set by epi_encoder_default() */
    const char *name;       /**< 1 to EPI_NAME_SIZE_MAX bytes; "none", "given" and "lsa" are the library's */
    const char *parameters; /**< what else makes its vectors what they are: model, revision, prompt; NULL: nothing */
    const char *source;     /**< where the library can open it again; NULL: it has to be given */
    uint32_t dimension;     /**< of its vectors, 1 to EPI_DIMENSION_MAX */
    uint32_t batch_max;     /**< texts that one call may have; 0: EPI_ENCODER_BATCH_DEFAULT */
    double text_us;         /**< a hint: what a short text costs, in microseconds; 0: not known */
    /** Encodes count texts into count x dimension floats, row-major, zeroed before the call. A row left at zero says
     * that the text has no vector. Called by several threads at once, with no lock of the library held, but by a
     * thread that holds the caller's: it may not call the library on the same memory.
     * @return EPI_OK · EPI_EINVAL, EPI_EUTF8 or EPI_ELIMIT a text is refused for good · anything else: not now, and the
     *         steps wait in the backlog. epi_encoder_fail() leaves a line that says why. */
    epi_status (*encode)(void *context, float *vectors, const epi_encoder_text *texts, size_t count);
    void (*close)(void *context); /**< NULL: nothing to close */
    void *context;
} epi_encoder;

#define EPI_ENCODER_BATCH_DEFAULT 256u

static inline epi_encoder epi_encoder_default(void) {
    epi_encoder encoder = {1, NULL, NULL, NULL, 0, 0, 0.0, NULL, NULL, NULL};
    return encoder;
}

/** Leaves a line for epi_error_last(), for an encoder's own failures. @return status */
EPI_API epi_status epi_encoder_fail(epi_status status, const char *message);

/** The built-in encoder: hashed English words and character trigrams of them (feature hashing, Weinberger et al. 2009).
 * Offline, deterministic, no model; it finds what is spelt alike.
 * @param[out] encoder to be closed with epi_encoder_close(), or taken over by a space.
 * @param dimension 0: EPI_HASH_DIMENSION_DEFAULT; at least EPI_HASH_DIMENSION_MIN.
 * @return EPI_OK · EPI_EINVAL · EPI_ELIMIT · EPI_ENOMEM */
EPI_API epi_status epi_encoder_hash(epi_encoder *encoder, uint32_t dimension);

/** Static token embeddings: a directory in the form of Model2Vec or of sentence-transformers' StaticEmbedding. It has
 * tokenizer.json (WordPiece, Unigram or BPE) and model.safetensors (a table of F32, F16 or BF16; token weights and a
 * mapping of ids to rows if it likes), or embeddings.npy and weights.npy. A text's vector is the weighted mean of its
 * tokens' rows, of unit norm; a text without a known token has none. The table is mapped, not read.
 * @param[out] encoder to be closed with epi_encoder_close(), or taken over by a space. Any process opens it again from
 *             the directory, and sees by a hash of the tokenizer and a sample of the table whether it is the same.
 * @param directory may not change while the encoder is open: a file that is cut under it is a bus error.
 * @return EPI_OK · EPI_ENOTFOUND no such file · EPI_EFORMAT EPI_EJSON EPI_EUTF8 what is wrong with it, and where ·
 *         EPI_EUNSUPPORTED a normalizer, pre_tokenizer or model that is not known, by its name · EPI_ELIMIT EPI_EIO
 *         EPI_EPERMISSION EPI_ENOMEM EPI_EINVAL
 * @par Source Tulkens and van Dongen 2024, "Model2Vec"; all tokens of a text count, not the first 512. */
EPI_API epi_status epi_encoder_static(epi_encoder *encoder, const char *directory);

/** Closes an encoder that no space has taken over, and zeroes it. NULL is allowed. */
EPI_API void epi_encoder_close(epi_encoder *encoder);

#ifdef __cplusplus
}
#endif
#endif
