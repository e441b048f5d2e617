/* record.h - the records of a space, byte by byte (docs/FORMAT.md). Numbers are little-endian; sizes are LEB128.
 *
 * Decoding trusts nothing: a record that is cut or impossible is EPI_EDAMAGED, although its checksum held. Decoded
 * structs borrow from the bytes they were read from.
 */
#ifndef EPI_FORMAT_RECORD_H
#define EPI_FORMAT_RECORD_H

#include "../base/base.h"

/* A value of a role, an episode's text or some metadata: in the row itself, or the address of a component. */
typedef struct epi__value {
    uint8_t role; /* place in the schema; EPI__ROLE_METADATA for a step's metadata */
    bool component;
    uint64_t size;     /* bytes; 0 with !component: absent or empty */
    const void *data;  /* !component */
    epi__hash128 hash; /* component: its address */
    uint32_t ordinal;
} epi__value;
#define EPI__ROLE_METADATA 0xFFu

void epi__value_encode(epi__buffer *out, const epi__value *value);
void epi__value_decode(epi__value *value, epi__reader *reader);

/* Internal flags of a step's row, above the public EPI_STEP_ flags. */
#define EPI__ROW_QUESTION (1u << 16)  /* its text ends with a question mark */
#define EPI__ROW_WORDS (1u << 17)     /* it has words, so it is in the postings or in the tail */
#define EPI__ROW_VECTOR (1u << 18)    /* it came with a vector */
#define EPI__ROW_USER (1u << 19)      /* its first keyword names the user of an assistant */
#define EPI__ROW_ASSISTANT (1u << 20) /* ... the assistant, or a tool of it */
#define EPI__ROW_SELF (1u << 21)      /* its text speaks of who speaks */
#define EPI__ROW_PAST (1u << 22)      /* its text tells what happened */
#define EPI__ROW_DURATION (1u << 23)  /* a text says how long (English) */
#define EPI__ROW_PUBLIC_FLAGS 0xFFFFu

typedef struct epi__row {
    uint64_t episode;
    int64_t event_from;
    int64_t event_to;
    int64_t ingested;
    double reward;
    uint64_t supersedes;
    uint64_t content; /* hash of what the caller gave: what makes appending idempotent */
    uint32_t flags;
    uint32_t length; /* words, in quarters */
    int16_t utc_offset_min;
    uint8_t part_count;
    uint8_t tag_count;
    uint8_t news; /* share of its words that the space did not have before, of 255 */
    epi__view external; /* size 0: none */
    epi__view told;     /* the times that its texts tell, as epi__told_encode() wrote them; size 0: none */
    epi__view facts;    /* the facts that it states, as epi__fact_encode() wrote them; size 0: none */
    epi__reader rest;   /* tags, then metadata, then parts; read in this order */
} epi__row;

/* The fixed part and the external id; tags (bytes), the metadata value and the parts' values are appended by the
 * caller. */
void epi__row_encode(epi__buffer *out, const epi__row *row);
epi_status epi__row_decode(epi__row *row, epi__view body);

/* A time that a text of a step tells: where it stands, and what it means. */
typedef struct epi__told {
    uint8_t role; /* place in the schema */
    uint8_t precision;
    uint64_t text_from; /* bytes of the role's value */
    uint64_t text_to;
    int64_t from; /* from < to */
    int64_t to;
} epi__told;

void epi__told_encode(epi__buffer *out, const epi__told *told);
/* The next one; false at the end, and with reader->failed where there is none that could be. */
bool epi__told_next(epi__told *told, epi__reader *reader);

/* A fact that a step states: given with it, or found in one of its texts. Names and value are as they were said. */
typedef struct epi__fact {
    bool given;
    uint8_t role; /* found: place in the schema, and the bytes of the role's value that state it */
    uint64_t text_from;
    uint64_t text_to;
    epi__view subject; /* these three are never empty */
    epi__view attribute;
    epi__view value;
    int64_t from; /* from < to */
    int64_t to;   /* EPI_TIME_NONE: open */
} epi__fact;

void epi__fact_encode(epi__buffer *out, const epi__fact *fact);
/* As epi__told_next(). */
bool epi__fact_next(epi__fact *fact, epi__reader *reader);

typedef struct epi__episode_record {
    int64_t first_event; /* of what was appended, or as the caller said; EPI_TIME_NONE: no step yet */
    int64_t last_event;
    int16_t utc_offset_min;
    bool ended;
    bool has_reward;
    double reward;
    uint64_t step_count; /* live steps */
    uint64_t next_index;
    uint64_t last_run;  /* its first step; 0: none */
    uint64_t content;   /* hash of title, tags and metadata */
    epi__view external; /* size 0: none */
    epi__value title;   /* these three may be components */
    epi__value metadata;
    epi__value outcome;
    uint8_t tag_count;
    epi__view tags; /* tag_count x (size, bytes) */
} epi__episode_record;

void epi__episode_encode(epi__buffer *out, const epi__episode_record *episode);
epi_status epi__episode_decode(epi__episode_record *episode, epi__view body);

/* Steps [first, first + count) are steps [first_index, ...) of an episode. */
typedef struct epi__run {
    uint64_t first; /* the key */
    uint64_t episode;
    uint64_t first_index;
    uint64_t count;
    uint64_t previous; /* first step of the episode's run before; 0: none */
    uint64_t next;     /* ... and behind; not stored, set by who keeps runs in memory */
} epi__run;

void epi__run_encode(epi__buffer *out, const epi__run *run);
epi_status epi__run_decode(epi__run *run, uint64_t first, epi__view body);

/* What happened to a step after it was stored. */
typedef struct epi__mark {
    uint64_t superseded_by;      /* the newest; 0: none */
    int64_t superseded_ingested; /* the earliest ingest and event time of those that supersede it */
    int64_t superseded_event;
    int64_t forgotten_at; /* EPI_TIME_NONE: not forgotten */
    int64_t purge_at;
    epi__view corrections; /* size 0: at most the one above; else each step that supersedes it, as epi__correction */
} epi__mark;

/* One step that supersedes another, in a mark's list: its three numbers in order. */
typedef struct epi__correction {
    uint64_t step;
    int64_t ingested;
    int64_t event;
} epi__correction;
#define EPI__CORRECTION_SIZE 24u

void epi__mark_encode(epi__buffer *out, const epi__mark *mark);
epi_status epi__mark_decode(epi__mark *mark, epi__view body);

typedef enum epi__generation_phase {
    EPI__GENERATION_SERVING = 1,
    EPI__GENERATION_BUILDING = 2, /* is to serve once every step has its vector */
    EPI__GENERATION_RETIRED = 3   /* its records are being reclaimed */
} epi__generation_phase;

/* An encoder as a space knows it, and how far its vectors are. */
typedef struct epi__generation_record {
    epi__generation_phase phase;
    uint32_t dimension;
    uint64_t vectors;     /* building: made so far. Of the one that serves, the state record counts */
    uint64_t next;        /* building: steps before it have been looked at ... */
    uint64_t until;       /* ... of those that were there when it began; later ones stand in the backlog. Of the one
                           * that serves, both: how many vectors there were when their worth was measured */
    uint64_t refused;     /* steps that the encoder has no vector for */
    uint64_t learned;     /* records of what the encoder learned */
    epi__view name;       /* "none", "hash", "given", "lsa", "static", or what the caller calls it */
    epi__view parameters; /* what else tells vectors that may be compared from others */
    epi__view source;     /* where a process finds it; empty: it has to be given */
} epi__generation_record;

void epi__generation_encode(epi__buffer *out, const epi__generation_record *generation);
epi_status epi__generation_decode(epi__generation_record *generation, epi__view body);

#endif
