;; Asks the host while it is handed its input.
;; fault: trapped
;;@CORE
(func $realloc (param i32 i32 i32 i32) (result i32) (drop (call $clock)) (i32.const 4096))
