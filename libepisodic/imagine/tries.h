/* tries.h - the tries of an agent, made from the stories of a space: which tool, in which situation, how it went, what
 * it led to; and for each tool what matters, learned on first use and kept as long as the stories.
 */
#ifndef EPI_IMAGINE_TRIES_H
#define EPI_IMAGINE_TRIES_H

#include "kernel.h"
#include "stories.h"

#define EPI__NO_TOOL UINT32_MAX
#define EPI__EFFECT_NONE 1u /* the situation stayed as it was */

/* One step. Those without a tool only tell of a situation. */
typedef struct epi__try {
    uint32_t row;
    uint32_t tool;     /* place among the tools, or EPI__NO_TOOL */
    bool follows;      /* the one behind it is the next step of its episode */
    bool has_error;
    bool has_cost;
    double cost;
    uint64_t effect;   /* hash of what it changed in the situation; 0: not known */
    epi__feature *features;
    size_t feature_count; /* attributes behind these are absent */
} epi__try;

typedef struct epi__tool {
    const char *name; /* as it was first written */
    uint32_t *tries;  /* places among the tries, in order */
    size_t count;
} epi__tool;

typedef struct epi__roles {
    int task, situation, tool, arguments, result, error, cost;
} epi__roles;

typedef struct epi__tries {
    epi__stories *stories;
    epi__roles roles;
    epi__attributes attributes;
    epi__try *items; /* one a row */
    size_t count;
    epi__tool *tools;
    size_t tool_count;
    epi__map tool_at; /* hash of the folded name -> place */
    struct epi__learned *learned; /* kernels */
    epi__arena arena;
} epi__tries;

/* Those of the stories, made on first use. Owned by the stories. EPI_EUNSUPPORTED: no roles situation and tool. */
epi_status epi__tries_of(epi__tries **tries, epi__stories *stories, epi_space *space);
/* Where the tool stands; EPI__NO_TOOL when it was never tried. */
epi_status epi__tries_tool(uint32_t *tool, const epi__tries *tries, const char *name);

const epi__feature *epi__try_feature(const epi__try *item, size_t attribute);
bool epi__try_succeeded(const epi__tries *tries, const epi__try *item, double above);

/* What a kernel is about: success (effect 0), or bringing about an effect. */
typedef struct epi__aim {
    uint32_t tool;
    uint64_t effect;
    double above;
} epi__aim;

/* Whether the try says anything about the aim, and whether it reached it. */
bool epi__aim_knows(const epi__aim *aim, const epi__try *item);
bool epi__aim_reached(const epi__tries *tries, const epi__aim *aim, const epi__try *item);
/* What matters for it. */
epi_status epi__tries_kernel(const epi__kernel **kernel, epi__tries *tries, const epi__aim *aim);

#endif
