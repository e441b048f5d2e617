/* stories.h - what a space's steps say, role by role, as numbers of this process: what imagining looks at where steps
 * are words. Each distinct value has one number, so that comparing and counting values is comparing and counting
 * numbers.
 *
 * Rows are the steps in order of episode and place. Left out: what is forgotten, superseded, or was stored as imagined,
 * since that is no evidence.
 *
 * Stories are immutable and counted. Acquiring gives those of the newest change: the ones at hand where nothing changed
 * since, else new ones, read once. Who holds older ones may go on with them.
 */
#ifndef EPI_IMAGINE_STORIES_H
#define EPI_IMAGINE_STORIES_H

#include "../memory/handle.h"

#define EPI__STORY_VALUE_MAX 65536u /* bytes kept of a value; longer ones are told apart by their hash */

typedef struct epi__story_value {
    const char *data; /* a NUL behind it */
    size_t size;      /* as kept */
    epi__hash128 hash; /* of all of it */
} epi__story_value;

typedef struct epi__story_row {
    uint64_t step;
    uint32_t episode; /* place among the episodes */
    uint32_t index;   /* place in its episode, from 0 */
    double reward;
} epi__story_row;

typedef struct epi__story_episode {
    uint64_t id;
    bool ended, has_reward;
    double reward;
} epi__story_episode;

typedef struct epi__stories {
    atomic_uint references;
    uint64_t sequence;
    const epi_schema *schema; /* the mirror's */
    size_t role_count;
    epi__story_row *rows;
    size_t row_count;
    uint32_t *values; /* row_count x role_count numbers of values; 0: absent */
    epi__story_episode *episodes;
    size_t episode_count;
    epi__story_value *words; /* by number; the one of 0 is empty */
    size_t word_count;

    pthread_mutex_t mutex;           /* of what is derived from them, made on first use: */
    void *derived[2];                /* EPI__DERIVED_ */
    void (*derived_free[2])(void *);

    epi__arena arena;
    epi__map numbers; /* hash -> number, while they are read and for looking up */
} epi__stories;

enum { EPI__DERIVED_TRIES, EPI__DERIVED_LATTICE };

epi_status epi__stories_acquire(epi__stories **stories, epi_space *space);
void epi__stories_release(epi__stories *stories); /* NULL is allowed */

/* The number of a value; 0: none has it. */
uint32_t epi__stories_number(const epi__stories *stories, const void *data, size_t size);

static inline uint32_t epi__stories_value(const epi__stories *stories, size_t row, int role) {
    return role < 0 ? 0 : stories->values[row * stories->role_count + (size_t)role];
}
/* Whether the row behind this one is the episode's next step. */
static inline bool epi__stories_leads_on(const epi__stories *stories, size_t row) {
    return row + 1 < stories->row_count && stories->rows[row + 1].episode == stories->rows[row].episode &&
           stories->rows[row + 1].index == stories->rows[row].index + 1;
}

#endif
