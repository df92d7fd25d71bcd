;; Fills all of its memory with a mark, as a client with secrets would.
;; fault: none
;;@MEMORY
256
;;@CORE
(func (export "shape") (param i32) (result i32) (memory.fill (i32.const 65536) (i32.const 0x5e) (i32.const 16711680)) (call $answer (i32.const 1008) (i32.const 4)))
