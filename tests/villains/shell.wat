;; The component around a core module: what a toolchain would make of it. The tests put in a villain's parts where it says
;; ;;@NAME; see villains.rs. Written by hand so that a villain can do what no toolchain lets it.
;;
;; The 112 lowered bytes of context and draft that `shape` gets a pointer to: client-id 0, client-tags 8,
;; client-metadata 16, grant-type 24, refresh 32, requested-scopes 36, requested-resources 44, subject 52,
;; configuration 64, now 72, claims 80, scopes 88, audience 96, lifetime 104.
(component
  (type $types (instance
    (type (list string))
    (type $value' (variant (case "text" string) (case "integer" s64) (case "number" f64) (case "boolean" bool)
                           (case "texts" 0) (case "json" string)))
    (export "value" (type $value (eq $value')))
    (type $member' (record (field "name" string) (field "value" $value)))
    (export "member" (type $member (eq $member')))
    (type $optional (option string))
    (type $context' (record
      (field "client-id" string) (field "client-tags" 0) (field "client-metadata" string) (field "grant-type" string)
      (field "refresh" bool) (field "requested-scopes" 0) (field "requested-resources" 0) (field "subject" $optional)
      (field "configuration" string) (field "now" u64)))
    (export "context" (type (eq $context')))
    (type $members (list $member))
    (type $draft' (record (field "claims" $members) (field "scopes" 0) (field "audience" 0) (field "lifetime" u32)))
    (export "token-draft" (type (eq $draft')))
    (type $text' (record (field "language" string) (field "text" string)))
    (export "page-text" (type $text (eq $text')))
    (type $mode' (enum "delegation" "impersonation"))
    (export "exchange-mode" (type $mode (eq $mode')))
    (type $edit' (variant
      (case "set-claim" $member) (case "remove-claim" string) (case "set-header" $member) (case "set-scopes" 0)
      (case "set-audience" 0) (case "set-lifetime" u32) (case "set-response-member" $member) (case "omit-refresh-token")
      (case "set-attribute" $member) (case "require-acr" string) (case "require-factor" string) (case "skip-consent")
      (case "show-text" $text) (case "set-authorization-details" string)
      (case "set-user" string) (case "add-amr" 0) (case "set-exchange-mode" $mode) (case "set-transaction-context" $member)
      (case "set-request-context" $member) (case "set-metadata" $member) (case "remove-metadata" string) (case "mark-notified")))
    (export "edit" (type (eq $edit')))
    (type $refusal' (record (field "code" string) (field "reason" string)))
    (export "refusal" (type (eq $refusal')))
  ))
  (import "claimsmith:plugin/types@0.1.0" (instance $t (type $types)))
  (alias export $t "context" (type $context))
  (alias export $t "token-draft" (type $draft))
  (alias export $t "edit" (type $edit))
  (alias export $t "refusal" (type $refusal))

  (import "claimsmith:plugin/random@0.1.0" (instance $random
    (export "bytes" (func (param "length" u32) (result (list u8))))))
  (import "claimsmith:plugin/clock@0.1.0" (instance $clock (export "now-milliseconds" (func (result u64)))))
  (import "claimsmith:plugin/log@0.1.0" (instance $log
    (type (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq 0)))
    (export "write" (func (param "level" $level) (param "message" string)))))
  ;;@IMPORTS

  ;; Memory and realloc must exist before functions that use them are lowered, and those before the module that is made
  ;; with them: the module $library owns the memory, and calls back through a table that $plugin fills.
  (core module $library
    (type $realloc (func (param i32 i32 i32 i32) (result i32)))
    (table (export "t") 1 1 funcref)
    (memory (export "m") (;@MEMORY;))
    (func (export "realloc") (type $realloc)
      (call_indirect (type $realloc) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 0))))
  (core instance $library (instantiate $library))
  (alias core export $library "m" (core memory $m))
  (alias core export $library "realloc" (core func $realloc))

  (core func $random (canon lower (func $random "bytes") (memory $m) (realloc $realloc)))
  (core func $clock (canon lower (func $clock "now-milliseconds")))
  (core func $log (canon lower (func $log "write") (memory $m)))
  ;;@LOWERED

  (core module $plugin
    (import "library" "m" (memory 0))
    (import "library" "t" (table 1 funcref))
    (import "host" "random" (func $random (param i32 i32)))
    (import "host" "clock" (func $clock (result i64)))
    (import "host" "log" (func $log (param i32 i32 i32)))
    ;;@CORE-IMPORTS
    (global $top (mut i32) (i32.const 4096))
    (elem (i32.const 0) $realloc)
    (data (i32.const 1008) "seen")
    ;; Answers one edit: the claim `seen` set to that text.
    (func $answer (param $text i32) (param $length i32) (result i32)
      (i32.store8 (i32.const 1024) (i32.const 0))
      (i32.store (i32.const 1028) (i32.const 1040)) (i32.store (i32.const 1032) (i32.const 1))
      (i32.store8 (i32.const 1040) (i32.const 0))
      (i32.store (i32.const 1048) (i32.const 1008)) (i32.store (i32.const 1052) (i32.const 4))
      (i32.store8 (i32.const 1056) (i32.const 0))
      (i32.store (i32.const 1064) (local.get $text)) (i32.store (i32.const 1068) (local.get $length))
      (i32.const 1024))
    ;;@CORE
  )

  (core instance $plugin (instantiate $plugin
    (with "library" (instance $library))
    (with "host" (instance
      (export "random" (func $random)) (export "clock" (func $clock)) (export "log" (func $log))
      ;;@HOST
    ))))

  (type $answer (result (list $edit) (error $refusal)))
  ;;@LIFTED
  (func $shape (param "context" $context) (param "draft" $draft) (result $answer)
    (canon lift (core func $plugin "shape") (memory $m) (realloc $realloc) (;@POST;)))
  (instance $access-token (export "shape" (func $shape)))
  (export "claimsmith:plugin/access-token@0.1.0" (instance $access-token))
)
