/* prospects.h - how the prospects of an action are made.
 *
 *   estimate.c        the tries of one tool weighed by how alike they are: a rate with its interval, the nearest
 *   prospects.c       candidates and proposed ones, each with what was seen after such tries
 *   courses.c         two tools one after the other, joined where one's effect is the other's situation
 *   prospects_text.c  all of it for a prompt and as JSON
 */
#ifndef EPI_IMAGINE_PROSPECTS_H
#define EPI_IMAGINE_PROSPECTS_H

#include <episodic/prospects.h>

#include "tries.h"

struct epi_prospects {
    epi__arena arena;
    epi_prospect *items;
    size_t count;
    epi_course *courses;
    size_t course_count;
    const char *text;
    const char *json;
};

/* A question while it is being answered. */
typedef struct epi__ask {
    epi_prospects *result;
    epi__tries *tries;
    epi__analyzer *analyzer;
    const char *situation;
    epi_imagine_actions_options options;
    epi__feature features[EPI__ATTRIBUTES_MAX]; /* of task and situation; what is absent was not said */
    epi__arena arena;                           /* for the time of the question */
} epi__ask;

/* A try and how alike it is. */
typedef struct epi__weighed {
    const epi__try *item;
    uint64_t step;
    double weight;
    double apart; /* mean distance over all attributes, for those of equal weight */
    bool reached;
} epi__weighed;

typedef struct epi__estimate {
    epi__weighed *cases; /* of the tool, the most alike first; in the ask's arena */
    size_t count;
    size_t reached_count;
    double weight; /* of all cases */
    double rate, low, high;
    const epi__weighed *hit;  /* the most alike that reached the aim; NULL: none */
    const epi__weighed *miss; /* ... and that did not */
} epi__estimate;

/* Features with the arguments of a candidate in place of none. arguments NULL: not decided. */
epi_status epi__ask_arguments(epi__feature *features, epi__ask *ask, const char *arguments, size_t size);
epi_status epi__estimate_make(epi__estimate *estimate, epi__ask *ask, const epi__aim *aim,
                              const epi__feature *features);
/* With the arguments of the most alike try that reached the aim; *witness is that try, NULL when none did. */
epi_status epi__estimate_best(epi__estimate *estimate, const epi__try **witness, epi__ask *ask, const epi__aim *aim,
                              const epi__feature *features);

/* A text of the stories, copied into the result, cut to `limit` bytes. NULL without a last error: out of memory. */
const char *epi__ask_text(epi__ask *ask, uint32_t number, size_t limit);
uint64_t epi__ask_step(const epi__ask *ask, const epi__try *item);
uint64_t epi__ask_episode(const epi__ask *ask, const epi__try *item);

epi_status epi__courses_find(epi__ask *ask);
epi_status epi__prospects_render(epi_prospects *prospects);

#endif
