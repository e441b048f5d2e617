# Compiler flags: target episodic_flags carries what every file of this project is compiled with.
# Warnings are on here; that they are errors is the presets' choice (CMAKE_COMPILE_WARNING_AS_ERROR).

set(episodic_warnings
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
  -Wdouble-promotion -Wswitch-enum -Wimplicit-fallthrough)
# The last is for C alone: inlined containers of the C++ library set it off.
set(episodic_warnings_c -Wstrict-prototypes -Wmissing-prototypes -Wnull-dereference)

add_library(episodic_flags INTERFACE)
# No fused multiply-add behind our back: all kernels, and all machines, agree to the bit.
target_compile_options(episodic_flags INTERFACE
  ${episodic_warnings}
  $<$<COMPILE_LANGUAGE:C>:${episodic_warnings_c}>
  -ffp-contract=off)
target_compile_definitions(episodic_flags INTERFACE _GNU_SOURCE)

# Debug keeps asserts; not -O1, where gcc follows paths that cannot be taken, and warns of them. RelWithDebInfo is what
# is shipped and measured.
set(CMAKE_C_FLAGS_DEBUG "-Og -g3 -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g3 -fno-omit-frame-pointer")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O3 -g -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O3 -g -DNDEBUG")

if(EPISODIC_SANITIZE)
  add_compile_options(-fsanitize=${EPISODIC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # clang has this one in a runtime for C++ alone, which programs in C that use the shared library do not link.
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,Clang>:-fno-sanitize=vptr>)
  add_link_options(-fsanitize=${EPISODIC_SANITIZE})
endif()
if(EPISODIC_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate -fcoverage-mapping)
endif()
if(EPISODIC_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
