/* page_files.h - the files that cmake/EpisodicEmbed.cmake makes an array of, at build time. */
#ifndef EPISODIC_SERVER_PAGE_FILES_H
#define EPISODIC_SERVER_PAGE_FILES_H

#include <stddef.h>

typedef struct page_file {
    const char *name; /* below the page's folder: "index.html" */
    const char *type; /* of its content */
    const char *tag;  /* an entity tag, quoted */
    const unsigned char *bytes;
    size_t size;
} page_file;

extern const page_file page_files[];
extern const size_t page_file_count;

#endif
