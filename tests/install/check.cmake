# cmake -DBUILD=<build folder> -DFROM=<this folder> -DCOMPILER=<C++> -DGENERATOR=<CMake's> -P check.cmake
set(prefix ${BUILD}/installed)
set(work ${BUILD}/installed-project)
file(REMOVE_RECURSE ${prefix} ${work})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

# Nothing under a generic name: headers lie in include/lamina, and include one another by that name.
file(GLOB tops RELATIVE ${prefix}/include ${prefix}/include/*)
if(NOT tops STREQUAL "lamina")
  message(FATAL_ERROR "expected include/lamina alone, found: ${tops}")
endif()
file(GLOB_RECURSE headers ${prefix}/include/*.h)
foreach(header IN LISTS headers)
  file(STRINGS ${header} lines REGEX "^#include \"")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "\"lamina/")
      message(FATAL_ERROR "${header}: ${line}")
    endif()
  endforeach()
endforeach()

file(COPY ${FROM}/project/ DESTINATION ${work})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${work} -B ${work}/build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix}
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Release OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${work}/build COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH= ${work}/build/xor WORKING_DIRECTORY ${work} COMMAND_ERROR_IS_FATAL ANY)
