/* transfer.h - bringing in what others recorded, and taking out all of a space without loss.
 *
 * Importing is idempotent: every step gets an external id made from the source, so that a second run of the same file,
 * or a run after a crash, adds only what is missing. A malformed file changes nothing that came before the malformed
 * place, and says where.
 */
#ifndef EPISODIC_TRANSFER_H
#define EPISODIC_TRANSFER_H

#include <episodic/space.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epi_format {
    EPI_FORMAT_AUTO = 0,    /**< told from the text */
    EPI_FORMAT_JSONL = 1,   /**< the project's own, lossless (docs/JSONL.md) */
    EPI_FORMAT_LOCOMO = 2,  /**< LoCoMo: each conversation goes to a space of its own */
    EPI_FORMAT_OPENAI = 3,  /**< chat messages, JSON array or JSONL; tool calls become trajectory steps */
    EPI_FORMAT_CHATGPT = 4, /**< ChatGPT's conversations.json */
    EPI_FORMAT_MCP = 5,     /**< the official MCP memory server's file: each entity becomes an episode */
    EPI_FORMAT_MEM0 = 6,    /**< mem0's memories; one that was changed supersedes what it was at the last import */
    EPI_FORMAT_AGENT = 7    /**< a coding agent's transcript, JSONL: each call of a tool becomes a trajectory step */
} epi_format;

/** Name of a format ("locomo"), and back; EPI_FORMAT_AUTO for an unknown name. */
EPI_API const char *epi_format_name(epi_format format);
EPI_API epi_format epi_format_from_name(const char *name);

typedef struct epi_import_options {
    uint32_t version;
    epi_format format;
    const char *space;       /**< the space to fill. LOCOMO: a prefix before each conversation's sample_id; NULL: none.
                                  JSONL: NULL takes the name in the file. Otherwise required */
    const char *source;      /**< what the file is called, part of external ids of files that carry no ids; NULL: a hash
                                  of it */
    /** Called now and then; returning false stops after the current batch, with EPI_ECANCELLED. May be NULL. */
    bool (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
} epi_import_options;

static inline epi_import_options epi_import_options_default(void) {
    epi_import_options options = {1, EPI_FORMAT_AUTO, NULL, NULL, NULL, NULL};
    return options;
}

typedef struct epi_import_report {
    epi_format format;
    uint64_t spaces;
    uint64_t episodes;
    uint64_t steps;     /**< new ones */
    uint64_t present;   /**< steps that were there already */
    uint64_t skipped;   /**< entries with nothing to remember: empty messages, system roots, calls that still wait for
                             their result */
    uint64_t unread;    /**< AGENT: lines that nothing was taken from, of other kinds or broken */
} epi_import_report;

/** Imports one file's content.
 * @param[out] report what was done, also on failure; may be NULL. @param text the whole file. @param size its bytes.
 * @return EPI_OK · EPI_EFORMAT EPI_EJSON EPI_EUTF8 with the line or entry · EPI_ECONFLICT · EPI_ECANCELLED · as
 *         epi_episode_append() */
EPI_API epi_status epi_import(epi_import_report *report, epi_memory *memory, const char *text, size_t size,
                              const epi_import_options *options);

/** Writes a space as JSONL: a line for the space and its schema, then episodes and their steps, forgotten ones included
 * and marked. Of a space of the preset "transitions", recorders and the steps of all their lanes, with final
 * observations; what is appended meanwhile is left out.
 * @param write called with each piece; returning false stops with EPI_ECANCELLED. */
EPI_API epi_status epi_export(epi_space *space, bool (*write)(void *context, const char *text, size_t size),
                              void *context);

#define EPI_SALVAGE_ID_COUNT 8u

/** What epi_export_salvage() had to do without; all zero: nothing. */
typedef struct epi_salvage_report {
    uint64_t steps;    /**< that are not in the file: their record, or a required part, cannot be read */
    uint64_t episodes; /**< whose record cannot be read: their steps are in the file, without title, tags, outcome */
    uint64_t values;   /**< parts, metadata, titles, outcomes and vectors left out of what is in the file */
    uint64_t records;  /**< other records passed over when the space was loaded: those of episodes (counted above too),
                            of the order of steps, marks, recorders, chunks (whose steps are counted above). A step
                            whose mark cannot be read is written as forgotten */
    uint64_t step_ids[EPI_SALVAGE_ID_COUNT];    /**< the first of the steps, where known; 0 behind the last */
    uint64_t episode_ids[EPI_SALVAGE_ID_COUNT]; /**< the same for episodes whose steps are in the file */
} epi_salvage_report;

/** epi_export() of a damaged space: what fails its checksum or cannot be reached is passed over, all else is written.
 * What is derived (words, the vector index, times) is not needed, so that damage there costs nothing. The file is a
 * whole one, to be imported into a new memory. Not for every day: each id that was ever given is looked up.
 * @param[out] report what was left out, also on failure; may be NULL. @param write as for epi_export().
 * @return EPI_OK, also where something was left out · EPI_ECANCELLED · EPI_EDAMAGED: the space's own state cannot be
 *         read, so that nothing is known of it · as epi_export()
 * @par Thread safety as epi_export(); others see nothing of it. */
EPI_API epi_status epi_export_salvage(epi_salvage_report *report, epi_space *space,
                                      bool (*write)(void *context, const char *text, size_t size), void *context);

#ifdef __cplusplus
}
#endif
#endif
