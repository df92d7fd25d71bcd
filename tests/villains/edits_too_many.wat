;; Answers a thousand edits, each of them fine.
;; fault: output_too_big
;;@CORE
(func (export "shape") (param i32) (result i32) (local $at i32) (local.set $at (i32.const 8192))
  (loop (i32.store8 (local.get $at) (i32.const 7)) (local.set $at (i32.add (local.get $at) (i32.const 32)))
    (br_if 0 (i32.lt_u (local.get $at) (i32.const 40192))))
  (i32.store (i32.const 1028) (i32.const 8192)) (i32.store (i32.const 1032) (i32.const 1000)) (i32.const 1024))
