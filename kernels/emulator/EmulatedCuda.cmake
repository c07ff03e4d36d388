# add_emulated_cuda(<target> <files.cu>): compiles CUDA files with nvcc so that their PTX can be read and links
# them, and the stand-in for the CUDA runtime, to a target.
find_program(NVCC nvcc HINTS $ENV{CUDA_HOME}/bin /usr/local/cuda/bin REQUIRED)
get_filename_component(cuda_bin ${NVCC} DIRECTORY)
find_path(CUDA_INCLUDE cuda_runtime_api.h HINTS ${cuda_bin}/../include ${cuda_bin}/../targets/x86_64-linux/include
          REQUIRED)

# Uncompressed PTX and nothing else goes into the objects; -lineinfo lets findings name source lines.
set(EMULATED_CUDA_FLAGS -std=c++20 -O3 -lineinfo -cudart none --no-compress
    -gencode arch=compute_80,code=compute_80 -I${CMAKE_SOURCE_DIR} CACHE INTERNAL "")
cmake_policy(SET CMP0116 NEW)

function(add_emulated_cuda target)
  foreach(file ${ARGN})
    get_filename_component(path ${file} ABSOLUTE)
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${path})
    set(object ${CMAKE_BINARY_DIR}/emulated_cuda/${name}.o)
    get_filename_component(folder ${object} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${object}
      COMMAND ${NVCC} ${EMULATED_CUDA_FLAGS} -MD -MF ${object}.d -c ${path} -o ${object}
      DEPENDS ${path} DEPFILE ${object}.d COMMENT "nvcc ${name}" VERBATIM)
    target_sources(${target} PRIVATE ${object})
  endforeach()
  target_link_libraries(${target} PRIVATE emulated_cuda)
endfunction()
