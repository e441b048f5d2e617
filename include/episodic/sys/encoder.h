/* encoder.h - what turns texts into vectors, as a table of functions: those built in, and your own.
 *
 * A space keeps the identity of its encoder (name, parameters, dimension), never the encoder itself. "hash" needs
 * nothing and "static" is opened again from its directory by any process; an encoder of your own has to be given to
 * the space by every process that wants vectors from it, with epi_space_encoder_set(). Without it, steps are still
 * stored and found by their words, and wait for their vectors in a durable backlog.
 */
#ifndef EPISODIC_SYS_ENCODER_H
#define EPISODIC_SYS_ENCODER_H

#include <stdbool.h>
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

/** How a remote encoder is reached. Every string is copied. */
typedef struct epi_remote_options {
    uint32_t version;         /**< set by epi_remote_options_default() */
    const char *url;          /**< of the endpoint: "http://localhost:11434/v1/embeddings" */
    const char *model;        /**< as the server calls it */
    uint32_t dimension;       /**< of the vectors that it returns */
    bool send_dimension;      /**< asks for that dimension, of models that can shorten theirs ("dimensions") */
    const char *key_variable; /**< environment variable that holds the key; NULL: see key_file */
    const char *key_file;     /**< file whose first line is the key; NULL: there is no key */
    const char *ca_file;      /**< certificates to trust, PEM; NULL: the system's */
    const char *cache;        /**< directory where vectors are kept by model and hash of the text, so that no text is
                                   sent twice; made if missing, in one that exists. NULL: none. In DIR/cache of a memory
                                   it goes when the memory is compacted or purged */
    uint32_t batch;           /**< texts of one request; 0: EPI_REMOTE_BATCH_DEFAULT */
    uint32_t parallel;        /**< requests under way at once; 0: EPI_REMOTE_PARALLEL_DEFAULT */
    uint32_t attempts;        /**< of one request; 0: EPI_REMOTE_ATTEMPTS_DEFAULT */
    uint32_t timeout_ms;      /**< of one attempt; 0: EPI_REMOTE_TIMEOUT_MS_DEFAULT */
    uint32_t limit_ms;        /**< of one call with all its attempts and pauses; 0: EPI_REMOTE_LIMIT_MS_DEFAULT */
    uint32_t pause_ms;        /**< before the second attempt, doubled before each next, of which a random part between
                                   half and all is waited, and as long as the server asks for ("Retry-After") if that
                                   is longer; 0: EPI_REMOTE_PAUSE_MS_DEFAULT */
    uint32_t text_size_max;   /**< bytes of a text that are sent, cut between characters; 0:
                                   EPI_REMOTE_TEXT_SIZE_DEFAULT */
    double text_us;           /**< the table's hint; 0: not known */
} epi_remote_options;

static inline epi_remote_options epi_remote_options_default(void) {
    epi_remote_options options = {1, NULL, NULL, 0, false, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0.0};
    return options;
}

/** A server of embeddings with the interface of OpenAI's /v1/embeddings: Ollama, llama.cpp, vLLM and others.
 *
 * Requests are tried again after 408, 429, 5xx and broken connections, but not past limit_ms; after a call that failed
 * the server is left alone for as long as it asked for, at least pause_ms, and calls fail at once. An answer counts
 * only if it has a vector for each text, by its index, of the dimension, finite, not all zeros. Texts that the server
 * refuses (400, 413, 422) are told from the others by halving; one is refused for good only after the server has
 * encoded another. Certificates are verified, redirects are not followed, answers have a limit; the key appears in no
 * message, and is sent over https or to this machine only.
 *
 * A space keeps these options, without the key. Who opens a memory that somebody else wrote would let it say where
 * texts and keys go: so a process opens a space's remote encoder by itself only if its environment variable
 * EPISODIC_REMOTE is exactly the url; otherwise it has to be given.
 * @param[out] encoder to be closed with epi_encoder_close(), or taken over by a space. Nothing is sent yet.
 * @return EPI_OK · EPI_EINVAL an option is missing or out of range, or a key would go over a network in the clear ·
 *         EPI_ENOTFOUND the variable or file of the key, or the cache's parent · EPI_ELIMIT EPI_EPERMISSION EPI_EIO
 *         EPI_EDISKFULL EPI_ENOMEM
 * @par Thread safety of the encoder: any number of threads, each with connections of its own. */
EPI_API epi_status epi_encoder_remote(epi_encoder *encoder, const epi_remote_options *options);

/** The wish for latent semantic analysis: an encoder that a space learns from its own steps, so that words which stand
 * in the same company are near each other. Offline, no model to get. Upkeep trains it when 100 steps have words, in
 * seconds for 100,000 steps, and anew whenever their number has doubled; until the first training is over, what served
 * goes on. Texts that come between trainings are folded in. Every process reads the model from the memory.
 * @param[out] encoder to be given to epi_space_encoder_set() only: it encodes nothing by itself.
 * @param dimension 0: EPI_LSA_DIMENSION_DEFAULT; EPI_LSA_DIMENSION_MIN to EPI_LSA_DIMENSION_MAX.
 * @return EPI_OK · EPI_EINVAL · EPI_ELIMIT
 * @par Source Deerwester et al. 1990, "Indexing by latent semantic analysis"; ours lends each step's column to its two
 *      neighbours to each side before the decomposition. Halko, Martinsson and Tropp 2011 for the decomposition. */
EPI_API epi_status epi_encoder_lsa(epi_encoder *encoder, uint32_t dimension);

/** Closes an encoder that no space has taken over, and zeroes it. NULL is allowed. */
EPI_API void epi_encoder_close(epi_encoder *encoder);

#ifdef __cplusplus
}
#endif
#endif
