/* events.h - events that never happened but could: roles of stored events put together anew.
 *
 * An event is a step of roles with values (who, where, when, what, action, outcome, or others). A bundle is a set of
 * roles that stay together: its values always come whole from one stored event. Bundles of different events are joined
 * only across a pair of values, one of each, that some stored event has; which two roles that pair is of is learned:
 * the two that constrain each other most. The witness of each join, and the source of each value, are named.
 *
 * Plausibility is the estimated chance that such an event can be. It does not take the bundles at their word: for each
 * pair and triple of roles, and for each bundle with each role outside it, it is estimated from all stored events how
 * far they constrain each other; a combination that was never seen costs as much as that, and more the more often it
 * ought to have been seen. One that ought to have been seen by far is a contradiction, and such events are left out.
 */
#ifndef EPISODIC_EVENTS_H
#define EPISODIC_EVENTS_H

#include <episodic/episode.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EPI_EVENT_ROLES_MAX 8u /**< roles of all bundles */
#define EPI_EVENT_COUNT_MAX 10000u
#define EPI_STORY_COUNT_MAX 256u
#define EPI_EVENT_CONTRADICTION 0.02 /**< a combination less likely than this is none */

/** Roles that stay together. */
typedef struct epi_bundle {
    const char *const *roles;
    size_t role_count;
} epi_bundle;

typedef struct epi_imagine_events_options {
    uint32_t version;
    const epi_bundle *bundles; /**< disjoint; NULL: context {who, where, when} and cause {what, action, outcome}, as far
                                    as the space has these roles */
    size_t bundle_count;
    uint32_t k;                /**< events; 0: EPI_K_DEFAULT */
    uint32_t draws;            /**< recombinations looked at; 0: 32 x k */
    double plausibility_min;
    double novelty_min;        /**< by default above 0: nothing that is a memory */
    uint64_t seed;
    /** Vetoes an event; NULL: none. May not call the library on this space. */
    bool (*valid)(void *context, const epi_part *parts, size_t count);
    void *context;
} epi_imagine_events_options;

static inline epi_imagine_events_options epi_imagine_events_options_default(void) {
    epi_imagine_events_options options;
    memset(&options, 0, sizeof options);
    options.version = 1;
    options.novelty_min = 1e-9;
    return options;
}

/** Imagined events. Immutable; own all that is reached from them. */
typedef struct epi_events epi_events;

typedef struct epi_imagined_part {
    const char *role;
    const void *data;    /**< size bytes, a NUL behind them that is not counted */
    size_t size;
    uint64_t source;     /**< the step that has this value, with all others of its bundle */
    size_t bundle;       /**< place of the bundle */
} epi_imagined_part;

/** The pair of values that two bundles are joined across. */
typedef struct epi_event_join {
    const char *from_role;
    const char *to_role;
    uint64_t witness;    /**< a step that has both values */
    size_t witnesses;    /**< how many have */
} epi_event_join;

typedef struct epi_imagined_event {
    double plausibility; /**< 0 to 1: estimated chance that it can be */
    double novelty;      /**< share of roles in which it differs from the stored event that is most like it; 0: it is a
                              memory */
    size_t support;      /**< stored events that have its least supported bundle or join */
    const epi_imagined_part *parts;
    size_t part_count;
    const epi_event_join *joins;
    size_t join_count;
    uint64_t before;     /**< in a story: a step that went before ... */
    uint64_t after;      /**< ... this one, which the event follows the example of; 0: the first */
    size_t witnesses;    /**< in a story: stored events that went on alike */
} epi_imagined_event;

/** Recombines stored events.
 *
 * @param[out] events receives them, the most plausible first, or NULL on failure. None found is success with a count
 *             of 0. @param given values that each event has (what is not given is free); TEXT or JSON roles of the
 *             bundles, compared byte by byte; may be NULL when given_count is 0. @param options NULL: the defaults.
 * @return EPI_OK · EPI_EINVAL an argument is NULL or out of range, bundles that overlap or are empty, fewer than two
 *         bundles · EPI_EROLE a role that the space has not, or that is in no bundle · EPI_ETYPE it is neither TEXT nor
 *         JSON · EPI_ELIMIT too many roles or events · EPI_EDAMAGED · EPI_ECLOSED EPI_ESTALE EPI_EREADERS EPI_ENOMEM
 * @par Ownership freed by epi_events_free().
 * @par Thread safety any number of threads on one space. Same stored steps, options and seed: same events.
 * @par Source constraint between roles by collision counts, a Rényi entropy of order 2 (Rényi 1961); whether a bundle
 *      depends on a role outside it as a mixture over bundles; both ours in this use. */
EPI_API epi_status epi_imagine_events(epi_events **events, epi_space *space, const epi_part *given, size_t given_count,
                                      const epi_imagine_events_options *options);

/** "What would happen if ...": the most plausible event with the given values, and then, one by one, what followed like
 * events: the last bundle as it went on in the best witnessed of them, the others as they are here, unless the witness
 * shows that they changed with it.
 * @param[out] events in order of the story. @param count events at most, 1 to EPI_STORY_COUNT_MAX; it ends before that
 *             where nothing stored goes on. @param options novelty_min, k and draws are of the first event's choice.
 * @return as epi_imagine_events() */
EPI_API epi_status epi_imagine_story(epi_events **events, epi_space *space, const epi_part *given, size_t given_count,
                                     size_t count, const epi_imagine_events_options *options);
EPI_API void epi_events_free(epi_events *events); /**< NULL is allowed */

EPI_API size_t epi_events_count(const epi_events *events); /**< 0 of NULL */
EPI_API const epi_imagined_event *epi_events_get(const epi_events *events, size_t index); /**< NULL past the end */
/** How many recombinations were left out because they contradict what was seen, or were vetoed. */
EPI_API size_t epi_events_vetoed(const epi_events *events);
/** A line for each event, for a prompt: its values with their source steps, how many witnesses support it, and that it
 * is imagined. */
EPI_API const char *epi_events_text(const epi_events *events);
/** The same as one JSON object. */
EPI_API const char *epi_events_json(const epi_events *events);

typedef struct epi_event_judgement {
    double plausibility;
    double novelty;
    size_t support;      /**< stored events that have its least supported bundle */
    bool contradiction;
} epi_event_judgement;

/** How plausible an event of the caller's is, by the same estimate.
 * @param[out] judgement zero on failure. @param parts a value for each role of the bundles; roles left out count as
 *             unknown. @return as epi_imagine_events() */
EPI_API epi_status epi_judge_event(epi_event_judgement *judgement, epi_space *space, const epi_part *parts,
                                   size_t part_count, const epi_imagine_events_options *options);

#ifdef __cplusplus
}
#endif
#endif
