# The CUDA device (-DLAMINA_CUDA=ON): backends/cuda, own kernels in *_cuda.cu, and *_cublas.cpp, *_cudnn.cpp and *_nvrtc.cpp beside the
# ops that they serve. Without the option none of these files is compiled. Another set of GPUs: -DCMAKE_CUDA_ARCHITECTURES=90.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75 80 86 89 90 100 120)
endif()
# CMake before 3.28 does not know how CUDA 13 is told its dialect.
set(CMAKE_CUDA_STANDARD 17)
enable_language(CUDA)
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA_STANDARD 20)
list(APPEND CMAKE_CUDA_IMPLICIT_INCLUDE_DIRECTORIES ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES})  # named to nvcc they would hide libstdc++'s own
find_package(CUDAToolkit 13 REQUIRED)

# A library of its own beside liblamina, which loads it when the device is asked for: programs on the CPU load nothing of CUDA.
file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS backends/cuda/*.cpp backends/*_cuda.cu backends/*_cublas.cpp backends/*_cudnn.cpp backends/*_nvrtc.cpp backends/*_nvrtc_source.cpp)
# cuDNN's headers; the library itself is opened at run time, if it is there.
find_path(LAMINA_CUDNN_HEADERS cudnn_graph.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
if(LAMINA_CUDNN_HEADERS)
  file(STRINGS ${LAMINA_CUDNN_HEADERS}/cudnn_version.h cudnn_version REGEX "define CUDNN_(MAJOR|MINOR) ")
  string(REGEX REPLACE "[^0-9]+([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2" cudnn_version "${cudnn_version}")
endif()
if(LAMINA_CUDNN_HEADERS AND cudnn_version VERSION_GREATER_EQUAL 9.8)
  set(LAMINA_CUDNN ON)
else()
  message(STATUS "cuDNN 9.8 or later was not found: own kernels will do its work on GPUs")
  list(FILTER cuda_sources EXCLUDE REGEX "cudnn\\.cpp$")
endif()
add_library(lamina_cuda SHARED ${cuda_sources})
if(LAMINA_CUDNN)
  target_include_directories(lamina_cuda SYSTEM PUBLIC ${LAMINA_CUDNN_HEADERS})
endif()
# Shared functions are constexpr, which lets device code call them; products and sums stay apart, as on the host.
target_compile_options(lamina_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;-fmad=false;-Xcompiler=-Wall,-Wextra,-Wno-unused-parameter>)
target_include_directories(lamina_cuda SYSTEM PUBLIC ${CUDAToolkit_INCLUDE_DIRS})
target_link_directories(lamina_cuda PRIVATE ${CUDAToolkit_LIBRARY_DIR})
target_link_libraries(lamina_cuda PUBLIC lamina PRIVATE CUDA::cudart_static CUDA::cublas CUDA::cublasLt CUDA::nvrtc ${CMAKE_DL_LIBS})
lamina_warnings(lamina_cuda)
set_target_properties(lamina_cuda PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0 INSTALL_RPATH "$ORIGIN")
