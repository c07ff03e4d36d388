# compile_cuda(<list of objects> <files.cu>): compiles CUDA files with nvcc, for GPUs or for the emulated device, and
# the library `cuda_runtime` that goes with them.
find_program(NVCC nvcc HINTS $ENV{CUDA_HOME}/bin /usr/local/cuda/bin REQUIRED)
get_filename_component(cuda_bin ${NVCC} DIRECTORY)
find_path(CUDA_INCLUDE cuda_runtime_api.h HINTS ${cuda_bin}/../include ${cuda_bin}/../targets/x86_64-linux/include
          REQUIRED)
# Without cuDNN or cuBLASLt the engine's own convolutions or matrix products are used, and the files that carry a
# missing library's name are left out.
find_path(CUDNN_INCLUDE cudnn.h HINTS ${CUDA_INCLUDE})
find_path(CUBLASLT_INCLUDE cublasLt.h HINTS ${CUDA_INCLUDE})
set(MISSING_CUDA_LIBRARIES "/(vendor|emulator)/(none")
foreach(library cudnn cublaslt)
  string(TOUPPER ${library} name)
  if(NOT ${name}_INCLUDE)
    string(APPEND MISSING_CUDA_LIBRARIES "|${library}")
  endif()
endforeach()
string(APPEND MISSING_CUDA_LIBRARIES ")")
cmake_policy(SET CMP0116 NEW)

set(cuda_flags -std=c++20 -O3 -lineinfo --expt-relaxed-constexpr -Werror all-warnings -I${CMAKE_SOURCE_DIR})
add_library(cuda_runtime INTERFACE)
if(MASKTWINS_CUDA STREQUAL device)
  # Machine code for every architecture from Turing to Blackwell, and PTX of the last one for those to come.
  set(MASKTWINS_CUDA_ARCHITECTURES 75 80 86 89 90 100 120 CACHE STRING "Compute capabilities to build for")
  foreach(architecture ${MASKTWINS_CUDA_ARCHITECTURES})
    list(APPEND cuda_flags -gencode arch=compute_${architecture},code=sm_${architecture})
  endforeach()
  list(GET MASKTWINS_CUDA_ARCHITECTURES -1 newest)
  list(APPEND cuda_flags -gencode arch=compute_${newest},code=compute_${newest} -Xptxas -Werror,-warn-spills)
  find_library(CUDA_RUNTIME cudart_static HINTS ${CUDA_INCLUDE}/../lib64 ${CUDA_INCLUDE}/../lib REQUIRED)
  target_link_libraries(cuda_runtime INTERFACE ${CUDA_RUNTIME} rt dl)
  foreach(library cudnn cublasLt)
    string(TOUPPER ${library} name)
    if(${name}_INCLUDE)
      find_library(${name} ${library} HINTS ${CUDA_INCLUDE}/../lib64 ${CUDA_INCLUDE}/../lib REQUIRED)
      target_link_libraries(cuda_runtime INTERFACE ${${name}})
    endif()
  endforeach()
else()
  # Uncompressed PTX and nothing else, so that the emulator can read it.
  list(APPEND cuda_flags -cudart none --no-compress -gencode arch=compute_80,code=compute_80)
  target_compile_definitions(cuda_runtime INTERFACE MASKTWINS_CUDA_EMULATED)
  target_link_libraries(cuda_runtime INTERFACE emulated_cuda)
endif()
if(CUDNN_INCLUDE)
  target_compile_definitions(cuda_runtime INTERFACE MASKTWINS_CUDNN)
  target_include_directories(cuda_runtime SYSTEM INTERFACE ${CUDNN_INCLUDE})
endif()
if(CUBLASLT_INCLUDE)  # two files need to know, and two the header
  set_source_files_properties(kernels/vendor/matmul.cpp kernels/vendor/library_versions.cpp PROPERTIES
    COMPILE_DEFINITIONS MASKTWINS_CUBLASLT)
  set_source_files_properties(kernels/vendor/cublaslt_matmul.cpp kernels/vendor/library_versions.cpp PROPERTIES
    COMPILE_OPTIONS "-isystem;${CUBLASLT_INCLUDE}")
endif()
set(CUDA_FLAGS ${cuda_flags} CACHE INTERNAL "")
set(CUDA_COMPILER ${CMAKE_CXX_COMPILER_LAUNCHER} ${NVCC} CACHE INTERNAL "")

function(compile_cuda objects)
  set(compiled)
  foreach(file ${ARGN})
    get_filename_component(path ${file} ABSOLUTE)
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${path})
    set(object ${CMAKE_BINARY_DIR}/cuda/${name}.o)
    get_filename_component(folder ${object} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${object}
      COMMAND ${CUDA_COMPILER} ${CUDA_FLAGS} -MD -MF ${object}.d -c ${path} -o ${object}
      DEPENDS ${path} DEPFILE ${object}.d COMMENT "nvcc ${name}" VERBATIM)
    list(APPEND compiled ${object})
  endforeach()
  set(${objects} ${compiled} PARENT_SCOPE)
endfunction()
